from __future__ import annotations

from monai_mri.report.segment_results import Counts, Lesions, Method, PerScan, Pooled
from monai_mri.report.tables import lesion_table, subject_table, voxel_table

NETWORK = Method(
    name="network",
    label="Net",
    pooled=Pooled(precision=0.8, recall=0.6, f1=0.69, jaccard=0.52),
    per_scan={"dice": PerScan(mean=0.7, sd=0.1, n=4), "hd95_mm": PerScan(mean=8.0, sd=1.0, n=3)},
    lesions=Lesions(truth=9, detected=6, missed=3, false=2, merges=1, splits=0, recall=0.667),
    counts=Counts(scans=4),
)
RAW = Method(
    name="raw_50",
    pooled=Pooled(precision=0.1, recall=0.9, f1=0.18, jaccard=0.1),
    per_scan={"dice": PerScan(mean=0.2, sd=0.1, n=4), "hd95_mm": PerScan(n=0)},
    counts=Counts(scans=4),
)


def column(table, heading):
    index = [text for text, _ in table.headings].index(heading)
    return [row.cells[index] for row in table.rows]


def test_best_of_a_column_is_marked():
    table = voxel_table([NETWORK, RAW])
    assert [cell.best for cell in column(table, "Precision")] == [True, False]
    assert [cell.best for cell in column(table, "Recall")] == [False, True]


def test_lowest_distance_is_the_best():
    far = RAW.model_copy(update={"per_scan": {"hd95_mm": PerScan(mean=40.0, sd=1.0, n=4)}})
    assert [cell.best for cell in column(voxel_table([far, NETWORK]), "HD95")] == [False, True]


def test_values_that_print_the_same_are_best_together():
    twin = NETWORK.model_copy(update={"name": "twin"})
    assert [cell.best for cell in column(voxel_table([NETWORK, twin]), "F")] == [True, True]


def test_nothing_is_best_where_one_method_alone_is_defined():
    assert not any(cell.best for cell in column(voxel_table([NETWORK, RAW]), "HD95"))


def test_undefined_is_called_so_with_its_count_and_never_zero():
    network, raw = column(voxel_table([NETWORK, RAW]), "HD95")
    assert (network.text, network.note) == ("8.0 ± 1.0", "n 3, undefined in 1")
    assert (raw.text, raw.note) == ("undefined", "n 0, undefined in 4")


def test_collapsed_method_has_no_figures():
    zero = Pooled(precision=0, recall=0, f1=0, jaccard=0)
    table = voxel_table([NETWORK.model_copy(update={"collapsed": True, "pooled": zero}), RAW])
    assert {cell.text for cell in table.rows[0].cells} == {"collapsed"}
    assert [cell.best for cell in column(table, "F")] == [False, False]


def test_lesion_table_counts_and_leaves_out_methods_without_counts():
    table = lesion_table([NETWORK, RAW])
    assert [row.label for row in table.rows] == ["Net"]
    assert [cell.text for cell in table.rows[0].cells][:6] == ["9", "6", "3", "2", "1", "0"]
    assert column(table, "Precision")[0].text == "undefined"


def test_no_lesion_table_where_nobody_counted():
    assert lesion_table([RAW]) is None


def test_subject_table_reads_empty_cells_as_undefined():
    row = {"sample_id": "a", "subject_id": "s", "dice": "0.5", "hd95_mm": "", "lesions_truth": "3"}
    table = subject_table([row])
    assert table.rows[0].label == "a (s)"
    assert column(table, "Dice = F")[0].text == "0.500"
    assert column(table, "HD95")[0].text == "undefined"
    assert column(table, "in reference")[0].text == "3"


def test_distances_are_in_pixels_only_where_none_is_defined_in_mm():
    pixels = {"hd95_px": PerScan(mean=3.0, sd=1.0, n=4)}
    unknown = {"hd95_mm": PerScan(n=0), "assd_mm": PerScan(n=0)}
    network = NETWORK.model_copy(update={"per_scan": unknown | pixels})
    table = voxel_table([network, RAW], scans="slices")
    assert ("HD95", "pixels") in table.headings
    assert table.groups[1] == ("mean ± SD over slices", 3)
    assert [cell.text for cell in column(table, "HD95")] == ["3.0 ± 1.0", "–"]
    both = voxel_table([NETWORK.model_copy(update={"per_scan": NETWORK.per_scan | pixels}), RAW])
    assert ("HD95", "mm") in both.headings


def test_a_table_of_slices_gives_distances_in_pixels_where_none_is_in_mm():
    row = {"sample_id": "a", "hd_mm": "", "hd_px": "7", "hd95_px": "", "assd_px": "1.5"}
    table = subject_table([row])
    assert ("HD", "pixels") in table.headings
    assert [column(table, name)[0].text for name in ("HD", "HD95", "ASSD")] == ["7.0", "undefined", "1.5"]
    assert ("HD", "mm") in subject_table([row | {"hd_mm": "3"}]).headings
