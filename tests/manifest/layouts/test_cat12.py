from __future__ import annotations

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, plan_manifest, read_manifest


@pytest.fixture
def tree(tmp_path):
    """Empty files by name, and a table from its text."""

    def make(*names, table="id\tgroup\n1\tHC\n2\tMS\n"):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        if table:
            (tmp_path / "participants.tsv").write_text(table)
        return tmp_path

    return make


def test_labels_come_from_the_table(tree):
    root = tree("mwp2sub-01_ses-1_T1w.nii", "mri/mwc2P2.nii.gz", table="ID;Dx;site\n01;HC;A\n2;n/a;B\n")
    collected = plan_manifest("cat12", root, label="Dx")
    first, second = collected.samples
    assert (second.subject_id, second.session_id, second.site) == ("sub-01", "ses-1", "A")
    assert second.extra == {"label": "HC"}
    assert (first.subject_id, first.site, first.extra) == ("P2", "B", {"label": ""})
    assert first.images == {"white_matter": root / "mri" / "mwc2P2.nii.gz"}
    assert not collected.skipped


def test_grey_and_white_matter_are_columns_of_one_row(tree):
    root = tree("mwp11.nii", "mwp21.nii", "mwp12.nii")
    collected = plan_manifest("cat12", root, pattern="mwp1*.nii, mwp2*.nii")
    assert collected.modalities == ("grey_matter", "white_matter")
    assert [sorted(sample.images) for sample in collected.samples] == [
        ["grey_matter", "white_matter"],
        ["grey_matter"],
    ]


def test_whatever_is_not_taken_is_named(tree):
    root = tree("mwp21.nii", "mwp29.nii", "p21.nii", "cat_1.xml", "a/mwp25.nii", "b/mwp25.nii")
    (root / "mwp28.nii").symlink_to(root / "mwp28.nii")
    collected = plan_manifest("cat12", root, label="group")
    assert [sample.subject_id for sample in collected.samples] == ["1"]
    many = "2 files of white_matter for one subject and session"
    shown = {skipped.path: skipped.why for skipped in collected.skipped}
    assert shown.pop("a/mwp25.nii").startswith(many)
    assert shown.pop("b/mwp25.nii").startswith(many)
    assert shown == {
        "cat_1.xml": "not a NIfTI file (.nii, .nii.gz)",
        "mwp28.nii": "a link that leads to no file",
        "mwp29.nii": "no row of subject '9' in participants.tsv",
        "p21.nii": "does not match pattern 'mw[cp]2*.nii*'",
        "participants.tsv:3": "no file of this subject",
    }


def test_subject_and_session_may_come_from_name_or_path(tree):
    root = tree("1/t1/mwp2x.nii", "1/t2/mwp2x.nii", "2/t1/mwp2x.nii")
    collected = plan_manifest("cat12", root, subject_pattern="^([^/]+)/", session_pattern="/(t.)/")
    assert [(one.subject_id, one.session_id) for one in collected.samples] == [
        ("1", "t1"),
        ("1", "t2"),
        ("2", "t1"),
    ]


def test_a_folder_without_table_is_taken_if_asked(tree):
    root = tree("mwp21.nii", table="")
    with pytest.raises(ManifestError, match="E111"):
        plan_manifest("cat12", root)
    assert plan_manifest("cat12", root, table="").samples[0].extra == {}


def test_other_names_need_a_modality(tree):
    root = tree("vbm_1.nii")
    why = plan_manifest("cat12", root, pattern="vbm*").skipped[0].why
    assert why.endswith("give modality")
    options = {"pattern": "vbm*", "modality": "wm", "subject_pattern": r"vbm_(\d)"}
    assert plan_manifest("cat12", root, **options).samples[0].subject_id == "1"


@pytest.mark.parametrize(
    ("options", "table", "error", "message"),
    [
        ({"label": "sexx"}, "id\tsex\n1\tF\n", UsageError, "did you mean 'sex'"),
        ({"label": "sex", "table": ""}, "id\tsex\n1\tF\n", UsageError, "without a table"),
        ({"subject_pattern": "("}, "id\tsex\n1\tF\n", UsageError, "regular expression"),
        ({}, "id\tsex\n1\tF\n1\tM\n", ManifestError, "subject of line 2 again"),
        ({}, "id\tsex\n01\tF\n001\tM\n", ManifestError, "lines 2 and 3 both fit"),
    ],
)
def test_what_cannot_be_understood_is_refused(tree, options, table, error, message):
    with pytest.raises(error, match=message):
        plan_manifest("cat12", tree("mwp21.nii", table=table), **options)


def test_the_real_maps_become_a_manifest_with_labels(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("MONAI_MRI_DATA", str(real_data))
    create_manifest(
        "cat12",
        real_data / "open_ms_wm_mni",
        tmp_path / "wm.csv",
        root_is="env:MONAI_MRI_DATA",
        preset="open_ms_wm_mni",
    )
    made = read_manifest(tmp_path / "wm.csv")
    assert made.modalities == ("white_matter",)
    assert [row["label"] for row in made.rows()] == ["F", "M", "F", "M", "F", "F"]
    assert made.rows()[2]["edss"] == ""
    assert made.resolve(made.rows()[5]["white_matter"]).name == "mwc2patient07.nii"
