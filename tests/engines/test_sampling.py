from __future__ import annotations

import pytest

from monai_mri.engines.sampling import EpochBatches


def epoch(samples: int, number: int = 1, *, skipped: int = 0, **settings) -> list[list[tuple[int, int]]]:
    batches = EpochBatches(samples, **{"batch_size": 4, "seed": 0, **settings})
    batches.start(number, skipped=skipped)
    return list(batches)


def test_an_epoch_is_a_pure_function_of_seed_and_epoch():
    assert epoch(22, 3) == epoch(22, 3)
    assert epoch(22, 3) != epoch(22, 3, seed=1)
    assert [[row for _, row in batch] for batch in epoch(22, 3)] != [
        [row for _, row in batch] for batch in epoch(22, 4)
    ]


def test_an_epoch_does_not_depend_on_those_before_it():
    batches = EpochBatches(22, batch_size=4, seed=0)
    for number in (1, 2):
        batches.start(number)
        list(batches)
    batches.start(3)
    assert list(batches) == epoch(22, 3)


def test_every_pair_names_its_epoch_and_no_sample_comes_twice():
    pairs = [pair for batch in epoch(22, 5) for pair in batch]
    assert {number for number, _ in pairs} == {5}
    rows = [row for _, row in pairs]
    assert len(set(rows)) == len(rows) == 20
    assert set(rows) <= set(range(22))
    assert all(type(row) is int for row in rows)


def test_over_the_epochs_every_sample_is_seen_although_each_leaves_some_out():
    assert {row for number in range(1, 30) for batch in epoch(22, number) for _, row in batch} == set(
        range(22)
    )


@pytest.mark.parametrize("skipped", range(6))
def test_skipping_gives_the_rest_of_the_same_epoch(skipped):
    assert epoch(22, 2, skipped=skipped) == epoch(22, 2)[skipped:]


def test_the_length_is_that_of_a_whole_epoch_even_when_batches_are_skipped():
    batches = EpochBatches(22, batch_size=4, seed=0)
    batches.start(1, skipped=3)
    assert len(batches) == 5 == len(epoch(22))


@pytest.mark.parametrize("processes", [2, 4])
def test_together_the_processes_see_the_batch_that_one_process_would(processes):
    alone = epoch(22, 2)
    shares = [epoch(22, 2, rank=rank, processes=processes) for rank in range(processes)]
    for batch, members in zip(alone, zip(*shares, strict=True), strict=True):
        assert sorted(pair for share in members for pair in share) == sorted(batch)
        assert {len(share) for share in members} == {4 // processes}


def test_skipping_and_sharing_go_together():
    assert epoch(22, 2, rank=1, processes=2, skipped=2) == epoch(22, 2, rank=1, processes=2)[2:]


@pytest.mark.parametrize(
    ("samples", "sizes"), [(8, [4, 4]), (7, [4]), (4, [4]), (3, [3]), (1, [1]), (9, [4, 4])]
)
def test_an_incomplete_batch_is_left_out_unless_it_is_the_only_one(samples, sizes):
    assert [len(batch) for batch in epoch(samples)] == sizes


@pytest.mark.parametrize(("samples", "processes"), [(3, 2), (5, 4), (7, 2), (2, 2)])
def test_an_only_incomplete_batch_gives_each_process_as_many_samples(samples, processes):
    shares = [epoch(samples, rank=rank, processes=processes, batch_size=8) for rank in range(processes)]
    rows = [row for share in shares for batch in share for _, row in batch]
    assert len({len(batch) for share in shares for batch in share}) == 1
    assert len(set(rows)) == len(rows) == samples - samples % processes


def test_no_process_is_left_without_a_sample():
    try:
        shares = [epoch(3, rank=rank, processes=4) for rank in range(4)]
    except ValueError:
        return
    assert all(len(batch) > 0 for share in shares for batch in share)


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="no samples"):
        EpochBatches(0, batch_size=4, seed=0)


def test_a_batch_that_processes_cannot_share_evenly_is_refused():
    with pytest.raises(ValueError, match="4 cannot be shared by 3"):
        EpochBatches(22, batch_size=4, seed=0, processes=3)


@pytest.mark.parametrize("batch_size", [0, -4])
def test_a_batch_without_samples_is_refused(batch_size):
    with pytest.raises(ValueError, match="batch_size"):
        EpochBatches(22, batch_size=batch_size, seed=0)
