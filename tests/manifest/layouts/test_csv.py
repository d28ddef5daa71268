from __future__ import annotations

import csv as standard_csv

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, plan_manifest, read_manifest


@pytest.fixture
def folder(tmp_path):
    """A folder with images a.nii, sub/b.nii and a table."""

    def make(text: str, name="table.csv"):
        (tmp_path / "sub").mkdir(exist_ok=True)
        for image in ("a.nii", "sub/b.nii"):
            (tmp_path / image).touch()
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return make


def paths(collected, modality):
    return [sample.images[modality].as_posix() for sample in collected.samples]


def test_the_module_hides_nothing_of_the_standard_library():
    assert hasattr(standard_csv, "DictReader")


def test_columns_are_renamed_and_the_others_kept(folder):
    root = folder("PatientID;FLAIR path;Dx, coded;Age (y);Site\n001;a.nii;MS;31,5;A\nNA;sub/b.nii;HC;n/a;B\n")
    options = {"map": "subject_id=PatientID; flair=FLAIR path; label=Dx, coded"}
    collected = plan_manifest("csv", root / "table.csv", **options)
    first, second = collected.samples
    assert collected.modalities == ("flair",)
    assert (first.subject_id, first.site, second.subject_id) == ("001", "A", "NA")
    assert first.images == {"flair": root / "a.nii"}
    assert first.extra == {"label": "MS", "Age_y": "31,5"}
    assert second.extra["Age_y"] == ""
    assert not collected.skipped
    only = plan_manifest("csv", root, keep="none", **options)
    assert only.samples[0].extra == {"label": "MS"}
    assert only.samples[0].site == ""


def test_masks_and_several_modalities_are_found(folder):
    root = folder("id,t1,flair,Mask,session_id\n1,a.nii,sub/b.nii,sub/b.nii,m12\n2,a.nii,,,\n")
    one, two = plan_manifest("csv", root).samples
    assert list(one.images) == ["t1", "flair"]
    assert (one.mask, one.session_id) == (root / "sub" / "b.nii", "m12")
    assert (list(two.images), two.mask, two.session_id) == (["t1"], None, "")


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        (r"sub\b.nii", {}),
        (r"C:\Data\sub\b.nii", {"strip_prefix": "c:\\data\\"}),
        (r"\\server\share\sub\b.nii", {"strip_prefix": r"\\server\share"}),
        ("/mnt/data/sub/b.nii", {"strip_prefix": "/mnt/data"}),
        ("sub/../sub/b.nii", {}),
        ("b.nii", {"base": "{root}/sub"}),
        ("{root}/sub/b.nii", {}),
    ],
)
def test_paths_of_other_systems_are_found(folder, tmp_path, cell, options):
    root = folder(f"id,flair\n1,{cell.replace('{root}', str(tmp_path))}\n")
    options = {key: value.replace("{root}", str(root)) for key, value in options.items()}
    assert paths(plan_manifest("csv", root, **options), "flair") == [f"{root.as_posix()}/sub/b.nii"]


def test_rows_that_cannot_be_taken_are_named_with_the_reason(folder):
    rows = [
        r"1,C:\Users\someone\x\y.nii,",
        "2,none.nii,",
        ",a.nii,",
        "3,,",
        "4,a.nii,",
        "4,a.nii,",
        "5,sub,",
        f"6,{'x' * 5000}.nii,",
    ]
    collected = plan_manifest("csv", folder("id,flair,label\n" + "\n".join(rows)))
    assert [sample.subject_id for sample in collected.samples] == ["4"]
    *shown, long, other = map(str, collected.skipped)
    assert shown == [
        "table.csv:2: flair is a path of another computer (…/x/y.nii): give strip_prefix and base",
        "table.csv:3: flair: no such file (none.nii): check it, strip_prefix and base",
        "table.csv:4: id is empty: no subject",
        "table.csv:5: no image in this row",
        "table.csv:7: the row of line 6 again",
        "table.csv:8: flair: a folder, not a file (sub)",
    ]
    assert len(long) < 250
    assert other == "sub/b.nii: no row takes it"


def test_the_one_table_of_a_folder_is_found_and_of_two_one_must_be_named(folder):
    root = folder("id,flair\n1,a.nii\n", name="scans.TSV")
    assert len(plan_manifest("csv", root).samples) == 1
    folder("id\tflair\n2\ta.nii\n", name="other.csv")
    with pytest.raises(ManifestError, match=r"tables: other.csv, scans.TSV, expected one"):
        plan_manifest("csv", root)
    assert plan_manifest("csv", root, table="other.csv").samples[0].subject_id == "2"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"map": "flair"}, "expected NEW=OLD"),
        ({"map": "flair=Flare"}, "did you mean 'flair'"),
        ({"map": "x=flair,x=id"}, "'x' twice"),
        ({"map": "../x=flair"}, "expected NEW=OLD"),
        ({"keep": "some"}, "expected all or none"),
        ({"id": "who"}, "has no column 'who'"),
    ],
)
def test_options_that_cannot_be_understood_are_refused(folder, options, message):
    with pytest.raises(UsageError, match=message):
        plan_manifest("csv", folder("id,flair\n1,a.nii\n"), **options)


def test_no_table_is_said(tmp_path):
    with pytest.raises(ManifestError, match="E111"):
        plan_manifest("csv", tmp_path / "none.csv")
    with pytest.raises(ManifestError, match="tables: none"):
        plan_manifest("csv", tmp_path)


def test_names_that_become_one_stay_apart(folder):
    root = folder("id,Site,site,a b,a_b,subject_id,flair\n1,x,y,p,q,z,a.nii\n")
    sample = plan_manifest("csv", root, id="id").samples[0]
    assert sample.site == "y"
    assert sample.extra == {"Site": "x", "a_b": "p", "a_b_in_table": "q", "subject_id_in_table": "z"}


def test_the_table_becomes_a_manifest(tmp_path, make_nifti):
    make_nifti(tmp_path / "in" / "1.nii.gz")
    (tmp_path / "in" / "t.csv").write_text('PatientID,FLAIR path,note\n007,1.nii.gz,"=cmd"\n')
    create_manifest(
        "csv", tmp_path / "in" / "t.csv", tmp_path / "m.csv", map="subject_id=PatientID,flair=FLAIR path"
    )
    row = read_manifest(tmp_path / "m.csv").rows()[0]
    assert row == {
        "subject_id": "007",
        "session_id": "",
        "site": "",
        "flair": "in/1.nii.gz",
        "note": "=cmd",
    }
