"""MONAI's trainer, made repeatable: every step is a pure function of the seed and the step's number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal

import torch
from ignite.engine import Events
from monai.engines import SupervisedTrainer, Workflow
from monai.engines.utils import IterationEvents
from monai.inferers import Inferer, SimpleInferer
from monai.utils import CommonKeys
from torch import Tensor, nn
from torch.utils.data import DataLoader

from monai_mri.engines import distributed
from monai_mri.engines.batching import BatchDataset, as_is
from monai_mri.engines.device import memory_format_of, resolve_device
from monai_mri.engines.sampling import EpochBatches
from monai_mri.engines.seeding import seed_torch
from monai_mri.engines.settings import describe
from monai_mri.engines.shared_norm import share_batch_norms
from monai_mri.engines.waiting import WaitClock
from monai_mri.errors import ConfigError, NonFiniteLossError

Auto = Literal["auto"]
RANK = {torch.channels_last: 4, torch.channels_last_3d: 5, torch.contiguous_format: -1}


class Trainer(SupervisedTrainer):
    """Trains one network on one dataset; `fit` runs it, resumes it and keeps its results.

    Nothing is read and nothing moved to a device before `prepare`, so that a bundle can be inspected without
    data.

    Args:
        device: "auto", "cpu", "cuda", "cuda:1".
        max_epochs: passes over the dataset.
        network: the network.
        optimizer: called with the network's parameters.
        loss_function: called with the network's output and the label.
        dataset: samples with "image", "label" and "sample_id", indexed by (epoch, index); may have
            `prepare()`.
        batch_size: samples of one step, over all processes.
        inferer: how the network is applied; MONAI's SimpleInferer by default.
        lr_schedule: called with the optimiser; steps once an epoch.
        train_handlers: MONAI or ignite handlers, for tracking.
        seed: seed of shuffling, augmentation and dropout.
        amp: mixed precision; "auto" uses it on GPUs only. True on a CPU computes the network in bfloat16,
            which is faster where the processor has arithmetic for it.
        channels_last: keep weights and images in that memory format, faster for convolutions.
        workers: loader processes; "auto" takes none, which is fastest for datasets that lie in memory.
    """

    def __init__(  # noqa: PLR0913 - one argument a line of the bundle's YAML
        self,
        *,
        device: str | torch.device = "auto",
        max_epochs: int,
        network: nn.Module,
        optimizer: Callable[..., torch.optim.Optimizer],
        loss_function: Callable[[Tensor, Tensor], Tensor],
        dataset: Any,
        batch_size: int,
        inferer: Inferer | None = None,
        lr_schedule: Callable[..., Any] | None = None,
        train_handlers: Sequence[Any] = (),
        seed: int = 0,
        amp: bool | Auto = "auto",
        channels_last: bool = True,
        workers: int | Auto = "auto",
    ) -> None:
        resolved = resolve_device(device)
        if not isinstance(max_epochs, int) or max_epochs < 1:
            raise ConfigError(f"max_epochs: {max_epochs!r} found, expected a whole number of at least 1")
        super().__init__(
            device=resolved,
            max_epochs=max_epochs,
            train_data_loader=[],
            network=network,
            optimizer=None,
            loss_function=loss_function,
            inferer=_InBfloat16(inferer) if amp is True and resolved.type == "cpu" else inferer,
            prepare_batch=self._batch,
            train_handlers=list(train_handlers),
            amp=resolved.type == "cuda" and bool(amp),
            optim_set_to_none=True,
        )
        self.dataset, self.batch_size, self.seed = dataset, batch_size, seed
        self.workers = 0 if workers == "auto" else workers
        self.memory_format = memory_format_of(network) if channels_last else torch.contiguous_format
        self.lr_schedule: Any = None
        self._make_optimizer, self._make_schedule = optimizer, lr_schedule
        self.loss_sum, self.loss_count = 0.0, 0
        self.wait_clock = WaitClock()
        self.logger.setLevel("CRITICAL")
        self._attach()

    @property
    def plain_network(self) -> nn.Module:
        """The network itself, without the wrapper that several processes need."""
        inner = (
            self.network.module
            if isinstance(self.network, nn.parallel.DistributedDataParallel)
            else self.network
        )
        network: nn.Module = inner
        return network

    @property
    def mean_loss(self) -> float:
        """Mean training loss of the epoch so far, over all processes; nan before the first step."""
        both = torch.tensor(
            [self.loss_sum, float(self.loss_count)], dtype=torch.float64, device=self.state.device
        )
        loss, count = distributed.total(both).tolist()
        return loss / count if count else float("nan")

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Everything that changes a step, as JSON can hold it, to resume only what was begun.

        It is described once, at the latest by `prepare`: what random transforms then draw is no setting.
        """
        settings: dict[str, Any] = describe(
            {
                "network": self.plain_network,
                "loss": self.loss_function,
                "optimizer": self._make_optimizer,
                "lr_schedule": self._make_schedule,
                "dataset": self.dataset,
                "batch_size": self.batch_size,
                "amp": self.amp or isinstance(self.inferer, _InBfloat16),
            }
        )
        return settings

    def prepare(self) -> None:
        """Read the data, move the network to its device, make optimiser, schedule and loader."""
        _ = self.settings  # before anything is drawn
        if hasattr(self.dataset, "prepare"):
            self.dataset.prepare()
        device = self.state.device
        self.network: nn.Module = self.plain_network.to(device=device, memory_format=self.memory_format)  # type: ignore[call-overload]
        if distributed.processes() > 1:
            share_batch_norms(self.network)
            self.network = nn.parallel.DistributedDataParallel(
                self.network, device_ids=[device.index] if device.type == "cuda" else None
            )
        try:
            self.optimizer = self._make_optimizer(self.network.parameters())
        except ValueError as error:
            raise ConfigError(f"optimizer: {error}") from error
        self.lr_schedule = self._make_schedule(self.optimizer) if self._make_schedule else None
        try:
            self.batches = EpochBatches(
                len(self.dataset),
                batch_size=self.batch_size,
                seed=self.seed,
                rank=distributed.rank(),
                processes=distributed.processes(),
            )
        except ValueError as error:
            raise ConfigError(f"batch_size: {error}") from error
        self.data_loader = DataLoader(
            BatchDataset(self.dataset),
            batch_sampler=self.batches,
            collate_fn=as_is,
            num_workers=self.workers,
            pin_memory=device.type == "cuda",
            persistent_workers=False,
        )
        self.state.epoch_length = len(self.batches)
        self.scaler = torch.amp.GradScaler("cuda", enabled=self.amp) if self.amp else None

    def run(self) -> None:
        """Train from the current epoch and step to the last epoch."""
        if self.state.epoch_length in (None, 0):
            raise ConfigError("the trainer was not prepared; run it through monai_mri.engines.fit")
        if self.state.iteration < self.state.epoch_length * self.state.max_epochs:
            self.batches.start(self.state.epoch + 1, skipped=self.state.iteration % self.state.epoch_length)
            Workflow.run(self)  # MONAI's own Trainer.run would forget the scaler's state

    def _attach(self) -> None:
        self.add_event_handler(Events.EPOCH_STARTED, _start_epoch)
        self.wait_clock.attach(self)
        self.add_event_handler(Events.ITERATION_STARTED, _seed_step)
        self.add_event_handler(IterationEvents.LOSS_COMPLETED, _refuse_non_finite)

    def _batch(
        self, batch: dict[str, Any], device: torch.device, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        def move(value: Tensor) -> Tensor:
            plain = value.as_tensor() if hasattr(value, "as_tensor") else value
            layout = self.memory_format if plain.ndim == RANK[self.memory_format] else torch.contiguous_format
            return plain.to(device=device, memory_format=layout, non_blocking=True)

        return move(batch[CommonKeys.IMAGE]), move(batch[CommonKeys.LABEL])


class _InBfloat16(Inferer):
    """Applies a network on the CPU in bfloat16, for which MONAI's trainer has no switch."""

    def __init__(self, inferer: Inferer | None) -> None:
        super().__init__()
        self.inferer = inferer or SimpleInferer()

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output: Tensor = self.inferer(inputs, network, *args, **kwargs)
        return output.float()


def _start_epoch(trainer: Trainer) -> None:
    skipped = trainer.state.iteration % trainer.state.epoch_length
    trainer.batches.start(trainer.state.epoch, skipped=skipped)
    if not skipped:
        trainer.loss_sum, trainer.loss_count = 0.0, 0


def _seed_step(trainer: Trainer) -> None:
    seed_torch(trainer.seed, "step", trainer.state.iteration, distributed.rank())


def _refuse_non_finite(trainer: Trainer) -> None:
    loss = float(trainer.state.output[CommonKeys.LOSS].detach())
    if loss - loss != 0:  # NaN or infinite
        names = trainer.state.batch.get("sample_id", ["unnamed samples"])
        shown = "; ".join(str(name) for name in names[:8]) + (
            f"; and {len(names) - 8} more" if len(names) > 8 else ""
        )
        raise NonFiniteLossError(
            f"epoch {trainer.state.epoch}, step {trainer.state.iteration}: loss is {loss} on {shown}; "
            "look for NaN or extreme voxels in them, or lower the learning rate; the last checkpoint is kept"
        )
    trainer.loss_sum += loss
    trainer.loss_count += 1
