from __future__ import annotations

from pathlib import Path

from monai_mri.manifest.dicom.rows import Named, by_session
from monai_mri.manifest.layouts._samples import Sample

EXTRA = {"contrast": "", "part": "", "echo": "", "manufacturer": "", "field_strength_t": "3", "converter": ""}


def row(sequence: str, series: str, *, session: str = "ses-01", **extra: str) -> Named:
    cells = EXTRA | {"sequence": sequence, "series": series} | extra
    return Named(f"series{series}", Sample("sub-001", {"image": Path(series)}, None, session, "", cells))


def test_series_of_a_visit_become_columns_of_one_row():
    rows = [
        row("FLAIR", "3"),
        row("T1w", "4"),
        row("T1w", "5", contrast="yes"),
        row("FLAIR", "3", session="b"),
    ]
    samples, skipped = by_session(rows, made=False)
    assert not skipped
    assert [sorted(sample.images) for sample in samples] == [["flair", "t1w", "t1w_ce"], ["flair"]]
    assert samples[0].extra["series"] == "3 4 5"


def test_a_series_that_is_not_known_or_not_alone_is_left_out():
    samples, skipped = by_session([row("other", "1"), row("T2w", "2"), row("T2w", "3")], made=False)
    assert not samples
    assert [skip.path for skip in skipped] == ["series1", "series2", "series3"]
    assert skipped[1].why == "series 2, 3 of one visit are all t2w: choose with option take"


def test_echoes_are_columns_of_their_own():
    samples, _ = by_session([row("T2starw", "2", echo="1"), row("T2starw", "2", echo="2")], made=False)
    assert sorted(samples[0].images) == ["t2starw_echo1", "t2starw_echo2"]
