"""MONAI's evaluator over a dataset that is read when it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from ignite.engine import Events
from ignite.metrics import Metric
from monai.data.utils import list_data_collate
from monai.engines import SupervisedEvaluator
from monai.inferers import Inferer
from monai.utils import CommonKeys
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from monai_mri.engines import distributed
from monai_mri.engines.dataset import Sample
from monai_mri.engines.device import memory_format_of, resolve_device
from monai_mri.engines.weights import WeightsRecord


class Evaluator(SupervisedEvaluator):
    """Applies one network to each sample of a dataset, one at a time; handlers and metrics look on.

    Args:
        device: "auto", "cpu", "cuda", "cuda:1".
        network: the network.
        dataset: samples with "image", "sample_id" and, for metrics, "label"; may have `prepare()`.
        inferer: how the network is applied.
        postprocessing: MONAI transforms of a sample's "pred".
        key_val_metric: metric that says how good the network is; its value is kept under its `name`.
        val_handlers: what looks at each sample.
        amp: mixed precision; "auto" uses it on GPUs only.
    """

    def __init__(
        self,
        *,
        device: str | torch.device = "auto",
        network: nn.Module,
        dataset: Any,
        inferer: Inferer | None = None,
        postprocessing: Any = None,
        key_val_metric: Metric | None = None,
        val_handlers: Sequence[Any] = (),
        amp: bool | Literal["auto"] = "auto",
    ) -> None:
        resolved = resolve_device(device)
        super().__init__(
            device=resolved,
            val_data_loader=[],
            network=network,
            inferer=inferer,
            prepare_batch=_batch,
            postprocessing=postprocessing,
            key_val_metric=None if key_val_metric is None else {key_val_metric.name: key_val_metric},
            val_handlers=list(val_handlers),
            amp=resolved.type == "cuda" if amp == "auto" else bool(amp),
        )
        self.dataset, self.key_metric = dataset, key_val_metric
        self.record: WeightsRecord | None = None
        self.logger.setLevel("CRITICAL")

    def prepare(self) -> None:
        """Read the data and move the network to its device; each process takes its share of the samples."""
        if hasattr(self.dataset, "prepare"):
            self.dataset.prepare()
        self.network.to(device=self.state.device, memory_format=memory_format_of(self.network))
        share = range(distributed.rank(), len(self.dataset), distributed.processes())
        self.data_loader = DataLoader(
            Subset(self.dataset, list(share)), batch_size=1, num_workers=0, collate_fn=list_data_collate
        )
        self.state.epoch_length = len(self.data_loader)

    def run_over_samples(self, look: Callable[[Sample, Sample], None], *, what: str) -> None:
        """Evaluate every sample once, with a progress bar, and show `look` each sample and its output."""
        self.prepare()
        with tqdm(total=self.state.epoch_length, desc=what, disable=None, leave=False) as bar:

            def show(_: Any) -> None:
                for sample, output in zip(self.state.batch, self.state.output, strict=True):
                    look(sample, output)
                bar.update()

            handler = self.add_event_handler(Events.ITERATION_COMPLETED, show)
            self.run()
            handler.remove()

    def run(self, global_epoch: int = 1) -> None:
        """Evaluate every sample once."""
        if self.state.epoch_length is None or self.state.dataloader is None:
            self.prepare()
        if self.state.epoch_length:
            super().run(global_epoch)
        elif self.key_metric is not None:  # more processes than samples: take part in the sum all the same
            self.key_metric.reset()
            self.state.metrics[self.key_metric.name] = self.key_metric.compute()


def _batch(batch: dict[str, Any], device: torch.device, *_: Any, **__: Any) -> tuple[Tensor, Tensor | None]:
    label = batch.get(CommonKeys.LABEL)
    moved = label.to(device=device) if isinstance(label, Tensor) else None  # or a text of the manifest
    return batch[CommonKeys.IMAGE].to(device=device), moved
