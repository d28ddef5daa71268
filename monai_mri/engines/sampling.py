"""Which samples make which batch: a pure function of (seed, epoch)."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import Sampler

from monai_mri.engines.seeding import generator

EpochIndex = tuple[int, int]


class EpochBatches(Sampler[list[EpochIndex]]):
    """Batches of (epoch, index) pairs, shuffled anew each epoch, that can start in the middle of one.

    The pair reaches the dataset, so that its random transforms can be a pure function of it, too. With
    several processes each takes its share of every batch, so that `batch_size` samples make one step whatever
    their number. The incomplete batch at the end of an epoch is left out, unless it is the only one.

    Args:
        samples: number of samples in the dataset.
        batch_size: samples of one step, over all processes.
        seed: seed of the shuffling.
        rank: this process among the processes.
        processes: how many there are; divides `batch_size`.
    """

    def __init__(
        self, samples: int, *, batch_size: int, seed: int, rank: int = 0, processes: int = 1
    ) -> None:
        if samples < 1:
            raise ValueError("EpochBatches: there are no samples; look at the manifest and the part")
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected at least 1")
        if samples < processes:
            raise ValueError(f"{samples} samples for {processes} processes; use fewer processes")
        if batch_size % processes:
            raise ValueError(
                f"batch_size {batch_size} cannot be shared by {processes} processes; use a multiple"
            )
        self.samples, self.seed = samples, seed
        self.batch_size = min(batch_size, samples - samples % processes)
        self.rank, self.processes = rank, processes
        self._epoch, self._skipped = 1, 0

    def __len__(self) -> int:
        """Number of batches in a whole epoch."""
        return max(1, self.samples // self.batch_size)

    def start(self, epoch: int, *, skipped: int = 0) -> None:
        """Make the next pass that of `epoch` (from 1), without its first `skipped` batches."""
        self._epoch, self._skipped = epoch, skipped

    def __iter__(self) -> Iterator[list[EpochIndex]]:
        order = generator(self.seed, "shuffle", self._epoch).permutation(self.samples)
        for batch in range(self._skipped, len(self)):
            members = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield [(self._epoch, int(index)) for index in members[self.rank :: self.processes]]
