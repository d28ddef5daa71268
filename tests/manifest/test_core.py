from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from monai_mri.errors import ManifestError
from monai_mri.manifest import Manifest, Sidecar, read_manifest, root_folder, sidecar_path, write_manifest

ROWS = [{"subject_id": "001", "flair": "a.nii.gz", "mask": "b.nii.gz"}, {"subject_id": "002", "flair": ""}]


def test_what_is_written_is_what_is_read(tmp_path):
    sidecar = Sidecar(modalities=("flair",), licence="CC0")
    written = write_manifest(tmp_path / "m.csv", ROWS, sidecar=sidecar)
    read = read_manifest(tmp_path / "m.csv")
    assert read.rows() == written.rows()
    assert read.sidecar == sidecar
    assert read.rows()[1] == {"subject_id": "002", "session_id": "", "site": "", "flair": "", "mask": ""}


def test_the_hash_is_that_of_the_file_and_of_the_table_in_memory(tmp_path):
    written = write_manifest(tmp_path / "m.csv", ROWS)
    assert written.sha256 == hashlib.sha256((tmp_path / "m.csv").read_bytes()).hexdigest()
    assert read_manifest(tmp_path / "m.csv").sha256 == written.sha256
    assert Manifest(Path("m.csv"), written.table).sha256 == written.sha256


def test_modalities_come_from_the_sidecar_else_from_the_cells(tmp_path):
    bare = write_manifest(tmp_path / "m.csv", [{"subject_id": "1", "t1": "a.PNG", "age": "3", "mask": ""}])
    assert bare.modalities == ("t1",)
    assert bare.path_columns == ("t1", "mask")
    with_sidecar = write_manifest(tmp_path / "m.csv", ROWS, sidecar=Sidecar(modalities=("flair",)))
    assert with_sidecar.modalities == ("flair",)


def test_paths_resolve_below_the_folder_of_the_manifest(tmp_path, monkeypatch):
    write_manifest(tmp_path / "m.csv", ROWS)
    monkeypatch.chdir(tmp_path)
    assert read_manifest(Path("m.csv")).resolve("a.nii.gz") == tmp_path / "a.nii.gz"


@pytest.mark.parametrize("cell", ["", "../a.nii", "/etc/hosts", "~/a", "C:/a", r"a\b", "link/a.nii"])
def test_a_path_that_leaves_the_root_is_not_resolved(tmp_path, cell):
    (tmp_path / "m").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "m" / "link").symlink_to(tmp_path / "elsewhere")
    manifest = write_manifest(tmp_path / "m" / "m.csv", ROWS)
    with pytest.raises(ManifestError, match="E509"):
        manifest.resolve(cell)


def test_a_link_within_the_root_keeps_its_name(tmp_path):
    manifest = write_manifest(tmp_path / "m.csv", ROWS)
    (tmp_path / "store").write_bytes(b"")
    (tmp_path / "a.nii.gz").symlink_to(tmp_path / "store")
    assert manifest.resolve("a.nii.gz").name == "a.nii.gz"


def test_data_may_lie_where_an_environment_variable_says(tmp_path, monkeypatch):
    sidecar = Sidecar(modalities=("flair",), root="env:PLAQUE_DATA")
    manifest = write_manifest(tmp_path / "m.csv", ROWS, sidecar=sidecar)
    monkeypatch.delenv("PLAQUE_DATA", raising=False)
    with pytest.raises(ManifestError, match="set PLAQUE_DATA"):
        manifest.resolve("a.nii.gz")
    monkeypatch.setenv("PLAQUE_DATA", str(tmp_path / "missing"))
    with pytest.raises(ManifestError, match="missing"):
        root_folder("env:PLAQUE_DATA", manifest=manifest.path)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("PLAQUE_DATA", str(tmp_path / "data"))
    assert manifest.resolve("a.nii.gz") == tmp_path / "data" / "a.nii.gz"


def test_the_caller_may_say_where_the_data_lie(tmp_path):
    write_manifest(tmp_path / "m.csv", ROWS)
    manifest = read_manifest(tmp_path / "m.csv", root=tmp_path / "data")
    assert manifest.resolve("a.nii.gz") == tmp_path / "data" / "a.nii.gz"


def test_a_modality_of_the_sidecar_must_be_a_column(tmp_path):
    with pytest.raises(ManifestError, match="'t2'"):
        write_manifest(tmp_path / "m.csv", ROWS, sidecar=Sidecar(modalities=("t2",)))
    assert not list(tmp_path.iterdir())
    write_manifest(tmp_path / "m.csv", ROWS, sidecar=Sidecar(modalities=("flair",)))
    sidecar_path(tmp_path / "m.csv").write_text(Sidecar(modalities=("t2",)).model_dump_json())
    with pytest.raises(ManifestError, match=r"m\.csv:1: no column 't2'"):
        read_manifest(tmp_path / "m.csv")


def test_faulty_rows_write_nothing(tmp_path):
    with pytest.raises(ManifestError, match="E509"):
        write_manifest(tmp_path / "m.csv", [{"subject_id": "1", "flair": "/a.nii"}])
    with pytest.raises(ManifestError, match=r"\.csv"):
        write_manifest(tmp_path / "m.json", ROWS)
    assert not list(tmp_path.iterdir())
