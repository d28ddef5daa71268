from __future__ import annotations

import json
import sys

import pytest

from monai_mri.errors import UsageError
from monai_mri.manifest import Sidecar, make_splits, splits_path, write_manifest, write_splits
from monai_mri.manifest.convert import convert_manifest

parquet = pytest.importorskip("pyarrow.parquet")


def test_every_cell_comes_back_as_text_and_missing_as_null(make_cohort, tmp_path):
    manifest = make_cohort()
    convert_manifest(manifest, "parquet", tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert {str(kind) for kind in table.schema.types} == {"string"}
    rows = [{name: cell or "" for name, cell in row.items()} for row in table.to_pylist()]
    assert rows == manifest.rows()
    assert table["session_id"].null_count == 5


def test_sidecar_and_hashes_are_in_the_metadata(make_cohort, tmp_path):
    manifest = make_cohort()
    splits = make_splits(manifest)
    write_splits(splits_path(manifest.path), splits)
    convert_manifest(manifest, "parquet", tmp_path / "a.parquet")
    metadata = parquet.read_schema(tmp_path / "a.parquet").metadata
    assert Sidecar.model_validate(json.loads(metadata[b"monai_mri.sidecar"])) == manifest.sidecar
    assert metadata[b"monai_mri.manifest_sha256"].decode() == manifest.sha256
    assert metadata[b"monai_mri.splits_sha256"].decode() == splits.sha256


def test_a_rows_parts_are_columns_where_wanted(make_cohort, tmp_path):
    manifest = make_cohort()
    write_splits(splits_path(manifest.path), make_splits(manifest, folds=2, repeats=2, validation=0))
    convert_manifest(manifest, "parquet", tmp_path / "a.parquet", parts="yes")
    table = parquet.read_table(tmp_path / "a.parquet")
    added = [name for name in table.column_names if name.startswith("part_")]
    assert added == ["part_r0_f0", "part_r0_f1", "part_r1_f0", "part_r1_f1"]
    assert set(table["part_r0_f0"].to_pylist()) == {"train", "test"}
    write_splits(splits_path(manifest.path), make_splits(manifest))
    convert_manifest(manifest, "parquet", tmp_path / "b.parquet", parts="yes")
    assert "part" in parquet.read_table(tmp_path / "b.parquet").column_names


def test_parts_without_splits_and_a_column_of_that_name_are_usage_errors(make_cohort, tmp_path):
    manifest = make_cohort()
    with pytest.raises(UsageError, match="manifest split"):
        convert_manifest(manifest, "parquet", tmp_path / "a.parquet", parts="yes")
    rows = [{**row, "part": "x"} for row in manifest.rows()]
    manifest = write_manifest(manifest.path, rows, sidecar=manifest.sidecar)
    write_splits(splits_path(manifest.path), make_splits(manifest))
    with pytest.raises(UsageError, match="column 'part'"):
        convert_manifest(manifest, "parquet", tmp_path / "a.parquet", parts="yes")


def test_without_pyarrow_the_extra_is_named(make_cohort, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'monai-mri\[parquet\]'"):
        convert_manifest(make_cohort(), "parquet", tmp_path / "a.parquet")
