"""The course of one training beyond MONAI's trainer: ends of epochs, the best one, where to go on."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from typing import Any, Literal

from ignite.engine import Events
from tqdm import tqdm

from monai_mri.engines import distributed
from monai_mri.engines.checkpoint import Checkpoints, State
from monai_mri.engines.class_dataset import class_names, classes_of
from monai_mri.engines.console import say
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.history import Row, write_history
from monai_mri.engines.recording import record_of
from monai_mri.engines.resuming import (
    identity_of,
    require_same_run,
    restore,
    state_of,
)
from monai_mri.engines.run_folder import RunFolder
from monai_mri.engines.settings import source_of
from monai_mri.engines.stopping import StopRequest
from monai_mri.engines.trainer import Trainer
from monai_mri.engines.weights import WeightsRecord, save_weights
from monai_mri.errors import ConfigError


class Course:
    """Runs a prepared trainer from where its folder's newest checkpoint stands; `fit` says what it promises.

    Args:
        trainer: what trains, prepared.
        folder: where everything is written.
        evaluator: what validates, prepared; None keeps the last weights.
        val_interval: epochs from one validation to the next.
        patience: validations without a better one before the end; None for no such end.
        request: tells whether a signal asked to stop.
        keep: the weights of the best epoch, or of the last.
        answer: settings for the record of the weights, as `answer_settings` gives them.
    """

    def __init__(
        self,
        trainer: Trainer,
        folder: RunFolder,
        *,
        evaluator: Evaluator | None,
        val_interval: int,
        patience: int | None,
        request: StopRequest,
        keep: Literal["best", "last"] = "best",
        answer: Mapping[str, Any] | None = None,
    ) -> None:
        self.keep, self.answer = keep, answer
        self.trainer, self.folder, self.evaluator = trainer, folder, evaluator
        self.val_interval, self.patience, self.request = val_interval, patience, request
        self.checkpoints = Checkpoints(folder.checkpoints)
        self.history: list[Row] = []
        self.best: dict[str, float] = {"value": math.nan, "epoch": 0}
        self.stopped_early = False
        self.clock = time.monotonic()
        self.bar: Any = None
        self._resume()

    @property
    def ended(self) -> bool:
        """Whether no epoch is left."""
        return self.stopped_early or len(self.history) >= self.trainer.state.max_epochs

    def run(self) -> None:
        """Train to the end, or until a signal asks to stop: then SystemExit with the signal's status."""
        trainer = self.trainer
        trainer.add_event_handler(Events.EPOCH_STARTED, self._open_bar)
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._after_step)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, self._finish_epoch)
        if (
            self.evaluator is not None and distributed.processes() == 1
        ):  # shares differ, nobody may wait there
            self.evaluator.add_event_handler(Events.ITERATION_COMPLETED, self._stop_if_asked)
        if not self.ended and self._epoch_is_pending():
            self._finish_epoch()
        if not self.ended:
            trainer.run()
        self._stop_if_asked()

    def facts(self) -> dict[str, Any]:
        """What run.json says of the course."""
        parts = {"train": _part(self.trainer.dataset)}
        if self.evaluator is not None:
            parts["validation"] = _part(self.evaluator.dataset)
        return {
            "parts": parts,
            "epochs": int(self.history[-1]["epoch"]) if self.history else 0,
            "best_epoch": int(self.best["epoch"]),
            "settings": self.trainer.settings,
        }

    def _open_bar(self, trainer: Trainer) -> None:
        self.clock = time.monotonic()
        self.bar = tqdm(
            total=trainer.state.epoch_length,
            initial=trainer.state.iteration % trainer.state.epoch_length,
            desc=f"epoch {trainer.state.epoch}/{trainer.state.max_epochs}",
            disable=None if distributed.rank() == 0 else True,
            leave=False,
        )

    def _after_step(self, trainer: Trainer) -> None:
        self.bar.update()
        self.bar.set_postfix(loss=f"{trainer.loss_sum / max(1, trainer.loss_count):.4f}", refresh=False)
        self._stop_if_asked()

    def _stop_if_asked(self, _: Any = None) -> None:
        if not distributed.anyone(self.request.made, device=self.trainer.state.device):
            return
        self._save()
        if self.bar is not None:
            self.bar.close()
        if distributed.rank() == 0:
            say(
                f"{self.request.name or 'a signal'}: stopped after step {self.trainer.state.iteration}, "
                f"state saved in {self.folder.checkpoints}; the same command goes on from there"
            )
        raise SystemExit(self.request.status or 143)

    def _finish_epoch(self, _: Any = None) -> None:
        trainer = self.trainer
        if self.bar is not None:
            self.bar.close()
        if distributed.processes() > 1:
            self._save()  # nothing can stop the validation of several processes but a kill
        epoch = trainer.state.epoch
        data_wait = trainer.wait_clock.share(device=trainer.state.device)
        row: Row = {"epoch": epoch, "train_loss": trainer.mean_loss} | self._validate(epoch)
        row |= {
            "learning_rate": float(trainer.optimizer.param_groups[0]["lr"]),
            "seconds": round(time.monotonic() - self.clock, 3),
            "data_wait": round(data_wait, 4),
        }
        trainer.state.metrics |= {name: row[name] for name in row if name not in ("epoch", "seconds")}
        self._step_schedule()
        self.history.append(row)
        self._keep_best(row)
        self.stopped_early = self._patience_is_over(epoch)
        if self.ended and not self.best["epoch"]:
            self._keep(row, math.nan)  # the metric was never defined: the last weights are better than none
        self._save()
        if distributed.rank() == 0:
            write_history(self.folder.root, self.history)
            say(_line(row, trainer.state.max_epochs, best=int(self.best["epoch"])))
        if self.ended:
            trainer.terminate()

    def _step_schedule(self) -> None:
        if self.trainer.lr_schedule is not None:
            with warnings.catch_warnings():  # a resumed run may do so before the optimiser's first step here
                warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
                self.trainer.lr_schedule.step()

    def _validate(self, epoch: int) -> Row:
        if self.evaluator is None:
            return {}
        metric = self._metric()
        if epoch % self.val_interval and epoch < self.trainer.state.max_epochs:
            return {metric.name: math.nan, **dict.fromkeys(metric.beside, math.nan)}
        self.evaluator.run(epoch)
        return {metric.name: float(self.evaluator.state.metrics[metric.name]), **metric.beside}

    def _metric(self) -> Any:
        metric = None if self.evaluator is None else self.evaluator.key_metric
        if metric is None:
            raise ConfigError(
                "validate::evaluator: has no key_val_metric, needed to find the best epoch; add it"
            )
        return metric

    def _keep_best(self, row: Row) -> None:
        """Keep this epoch's weights where its metric is the best so far; an undefined one never wins."""
        chosen = self.evaluator is not None and self.keep == "best"
        value = row[self._metric().name] if chosen else row["epoch"]
        if not math.isnan(value) and not value <= self.best["value"]:
            self._keep(row, value)

    def _keep(self, row: Row, value: float) -> None:
        self.best = {"value": value, "epoch": row["epoch"]}
        if distributed.rank() == 0:
            save_weights(self.trainer.plain_network, self.folder.root, self._record(int(row["epoch"])))

    def _record(self, epoch: int) -> WeightsRecord:
        return record_of(
            self.trainer,
            self.folder,
            epoch=epoch,
            selected_on=self._validated(),
            settings=self.answer,
        )

    def _validated(self) -> list[str]:
        subjects: list[str] = [] if self.evaluator is None else _used(self.evaluator.dataset).subjects
        return subjects

    def _patience_is_over(self, epoch: int) -> bool:
        if self.patience is None or self.evaluator is None:
            return False
        return epoch - int(self.best["epoch"]) >= self.patience * self.val_interval

    def _epoch_is_pending(self) -> bool:
        """Whether the run was stopped between an epoch's last step and the end of its validation."""
        done, length = int(self.trainer.state.iteration), int(self.trainer.state.epoch_length)
        return done > 0 and done % length == 0 and len(self.history) < done // length

    def _save(self) -> None:
        state = self._state()
        if distributed.rank() == 0:
            self.checkpoints.save(state, iteration=self.trainer.state.iteration)

    def _state(self) -> State:
        return {
            "identity": self._identity(),
            **state_of(self.trainer),
            "history": self.history,
            "best": self.best,
            "stopped_early": self.stopped_early,
        }

    def _identity(self) -> dict[str, Any]:
        identity = identity_of(self.trainer, self.folder, selected_on=self._validated())
        return identity | {"classes": class_names(self.trainer.dataset)}  # settings do not tell their order

    def _resume(self) -> None:
        state = self.checkpoints.newest()
        if state is None:
            return
        identity = self._identity()
        older = {"classes": identity["classes"]}  # not in checkpoints of an older version
        require_same_run(self.folder, older | state["identity"], identity)
        restore(self.trainer, state, folder=self.folder)
        self.history, self.best = state["history"], state["best"]
        self.stopped_early = state["stopped_early"]
        if distributed.rank() == 0:
            step = state["iteration"]
            say(f"{self.folder.checkpoints}: going on after epoch {len(self.history)}, step {step}")


def _part(dataset: Any) -> dict[str, int]:
    classes, used = classes_of(dataset), _used(dataset)
    images = len(used) if classes is None else len(set(classes.order))
    return {"subjects": len(used.subjects), "images": images, "samples": len(dataset)}


def _used(dataset: Any) -> Any:
    """The dataset whose subjects are used: images of other labels than the classes' are not."""
    return classes_of(dataset) or source_of(dataset)


def _line(row: Row, epochs: int, *, best: int) -> str:
    shown = [f"epoch {int(row['epoch'])}/{epochs}", f"loss {row['train_loss']:.4f}"]
    shown += [
        f"{name} {value:.3f}"
        for name, value in row.items()
        if name.startswith("val_") and not math.isnan(value)
    ]
    mark = "  (best so far)" if best == int(row["epoch"]) else ""
    return "  ".join([*shown, f"{row['seconds']:.1f} s"]) + mark
