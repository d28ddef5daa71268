from __future__ import annotations

import csv
import json
import os
import shlex
from pathlib import Path

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, write_manifest
from monai_mri.manifest.convert import convert_manifest
from monai_mri.manifest.convert._bids_names import clean_ids, modality_suffixes


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def table(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines, delimiter="\t"))


@pytest.fixture
def made(make_cohort, tmp_path):
    manifest = make_cohort()
    return manifest, convert_manifest(manifest, "bids", tmp_path / "out/bids")


def test_images_masks_sessions_and_runs_have_their_places(made):
    _, result = made
    files = tree(result.path)
    assert "sub-pat1/ses-v1/anat/sub-pat1_ses-v1_FLAIR.nii.gz" in files
    assert "sub-pat1/ses-v2/anat/sub-pat1_ses-v2_run-2_T1w.nii.gz" in files
    assert "sub-pat2/anat/sub-pat2_FLAIR.nii.gz" in files
    masks = "derivatives/masks/sub-pat1/ses-v2/anat/sub-pat1_ses-v2_run-1_label-lesion_mask.nii.gz"
    assert masks in files
    assert result.said == "16 images and 8 masks of 6 subjects"
    assert {"README.md", "dataset_description.json", "participants.tsv", "participants.json"} <= {*files}
    assert not [path for path in result.path.parent.iterdir() if path != result.path]


def test_files_are_copied_byte_for_byte(made, tmp_path):
    _, result = made
    copy = result.path / "sub-pat2/anat/sub-pat2_FLAIR.nii.gz"
    assert copy.read_bytes() == (tmp_path / "data/pat_2/v_1_flair.nii.gz").read_bytes()
    assert not copy.is_symlink()


def test_what_is_a_persons_is_in_participants_and_the_rest_in_scans(made):
    _, result = made
    people = table(result.path / "participants.tsv")
    assert people[0] == {"participant_id": "sub-pat1", "site": "y", "label": "ms", "age": "31"}
    assert len(people) == 6
    scans = table(result.path / "sub-pat1/ses-v2/sub-pat1_ses-v2_scans.tsv")
    assert scans[0] == {"filename": "anat/sub-pat1_ses-v2_run-1_FLAIR.nii.gz", "coil": "c1"}
    meaning = json.loads((result.path / "participants.json").read_text())
    assert meaning["label"]["Levels"] == {"control": "control", "ms": "ms"}
    assert "Levels" not in meaning["age"]


def test_descriptions_say_what_the_tree_is_and_where_it_comes_from(made):
    _, result = made
    raw = json.loads((result.path / "dataset_description.json").read_text())
    masks = json.loads((result.path / "derivatives/masks/dataset_description.json").read_text())
    assert (raw["DatasetType"], raw["License"], masks["DatasetType"]) == ("raw", "CC0", "derivative")
    assert "was not checked with the BIDS validator" in (result.path / "README.md").read_text()
    assert any("--phi" in note for note in result.notes)


def test_the_manifests_ids_are_kept_only_where_wanted(make_cohort, tmp_path):
    manifest = make_cohort()
    convert_manifest(manifest, "bids", tmp_path / "a", keep_ids="yes")
    assert [row["original_id"] for row in table(tmp_path / "a/participants.tsv")][:2] == ["pat_1", "pat_2"]
    convert_manifest(manifest, "bids", tmp_path / "b")
    assert not any("pat_1" in path.read_text() for path in (tmp_path / "b").glob("*.*"))


def test_links_lead_to_the_files_after_the_rename(make_cohort, tmp_path):
    manifest = make_cohort()
    source = tmp_path / "data/pat_2/v_1_flair.nii.gz"
    convert_manifest(manifest, "bids", tmp_path / "deep/er/hard", link="hard")
    assert os.path.samefile(tmp_path / "deep/er/hard/sub-pat2/anat/sub-pat2_FLAIR.nii.gz", source)
    convert_manifest(manifest, "bids", tmp_path / "deep/er/soft", link="symbolic")
    link = tmp_path / "deep/er/soft/sub-pat2/anat/sub-pat2_FLAIR.nii.gz"
    assert link.is_symlink()
    assert not os.path.isabs(os.readlink(link))
    assert os.path.samefile(link, source)


def test_nii_stays_nii_and_pictures_stay_pictures(make_cohort, make_picture, tmp_path):
    convert_manifest(make_cohort(ending=".nii"), "bids", tmp_path / "nii")
    assert (tmp_path / "nii/sub-pat2/anat/sub-pat2_T1w.nii").is_file()
    make_picture(tmp_path / "p.PNG")
    manifest = write_manifest(tmp_path / "p.csv", [{"subject_id": "p", "t1": "p.PNG"}])
    result = convert_manifest(manifest, "bids", tmp_path / "pictures")
    assert (tmp_path / "pictures/sub-p/anat/sub-p_T1w.png").is_file()
    assert any(note.startswith("pictures keep their format") for note in result.notes)


@pytest.mark.parametrize("ids", [["a_1", "a-1"], ["Ab", "aB"], ["sub-1", "1"], ["--"]])
def test_ids_that_would_be_one_or_nothing_are_refused(ids):
    with pytest.raises(ManifestError, match=r"two ids would both be|no letter or digit"):
        clean_ids("m.csv", "sub-", ids)


def test_suffixes_can_be_chosen_and_are_one_each():
    assert modality_suffixes("m", ["swi"], "swi=acq-min_SWI") == {"swi": "acq-min_SWI"}
    with pytest.raises(ManifestError, match="t1, T1w would have the suffix 'T1w'"):
        modality_suffixes("m", ["t1", "T1w"], "")
    for wrong in ("flair", "flair=", "t1=T1w", "flair=../x"):
        with pytest.raises(UsageError, match="suffixes: "):
            modality_suffixes("m", ["flair"], wrong)


def test_a_missing_file_leaves_nothing_behind(make_cohort, tmp_path):
    manifest = make_cohort()
    (tmp_path / "data/pat_4/v_1_t1.nii.gz").unlink()
    with pytest.raises(ManifestError, match="E111"):
        convert_manifest(manifest, "bids", tmp_path / "out" / "bids")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_disk_that_refuses_leaves_nothing_behind_and_the_old_tree_whole(make_cohort, tmp_path, monkeypatch):
    manifest, out = make_cohort(), tmp_path / "out"
    convert_manifest(manifest, "bids", out)
    before = tree(out)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("monai_mri.manifest.convert.bids.shutil.copyfile", full)
    with pytest.raises(ManifestError, match="No space left"):
        convert_manifest(manifest, "bids", out, force=True)
    assert tree(out) == before
    assert not list(tmp_path.glob(".out*"))


def test_force_replaces_only_a_tree_that_was_made_here(make_cohort, tmp_path):
    manifest, out = make_cohort(), tmp_path / "out"
    convert_manifest(manifest, "bids", out)
    before = tree(out)
    convert_manifest(manifest, "bids", out, force=True)
    assert tree(out) == before
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="was not made by this command"):
        convert_manifest(manifest, "bids", precious, force=True)
    assert (precious / "thesis.txt").exists()


def test_a_table_cell_is_one_line_and_no_formula(make_cohort, tmp_path):
    made = make_cohort()
    values = ["=cmd", "a\tb\nc", "-3.5", "", "x", "y", "z", "w"]
    sites = dict(zip(sorted({row["subject_id"] for row in made.rows()}), values, strict=False))
    rows = [{**row, "site": sites[row["subject_id"]]} for row in made.rows()]
    convert_manifest(write_manifest(made.path, rows, sidecar=made.sidecar), "bids", tmp_path / "b")
    found = [row["site"] for row in table(tmp_path / "b/participants.tsv")]
    assert found == ["'=cmd", "a b c", "-3.5", "n/a", "x", "y"]


def test_the_bids_layout_reads_it_back(make_cohort, tmp_path):
    manifest = make_cohort()
    convert_manifest(manifest, "bids", tmp_path / "tree")
    back = create_manifest("bids", tmp_path / "tree", tmp_path / "back.csv")
    assert {row["subject_id"].removeprefix("sub-") for row in back.rows()} == {f"pat{n}" for n in range(1, 7)}
    assert len(back.rows()) == 8
    assert all(row["mask"] for row in back.rows())
    assert {row["site"] for row in back.rows()} == {"x", "y"}


@pytest.mark.parametrize("name", ["mine.csv", "sub-pat2/anat/notes.txt", ".hidden", "derivatives/a.nii.gz"])
def test_a_tree_with_a_file_of_the_users_is_never_replaced(make_cohort, tmp_path, name):
    manifest, out = make_cohort(), tmp_path / "out"
    convert_manifest(manifest, "bids", out)
    (out / name).write_text("mine")
    with pytest.raises(UsageError, match=f"{name}: was not written by this command"):
        convert_manifest(manifest, "bids", out, force=True)
    assert (out / name).read_text() == "mine"


def test_a_tree_with_an_edited_table_a_link_or_without_its_list_is_never_replaced(make_cohort, tmp_path):
    manifest, out = make_cohort(), tmp_path / "out"
    convert_manifest(manifest, "bids", out)
    (tmp_path / "alias").symlink_to(out)
    with pytest.raises(UsageError, match="was not made by this command"):
        convert_manifest(manifest, "bids", tmp_path / "alias", force=True)
    (out / "README.md").write_text("hours of work")
    with pytest.raises(UsageError, match=r"README\.md: was changed since"):
        convert_manifest(manifest, "bids", out, force=True)
    (out / ".monai_mri_files.json").unlink()
    with pytest.raises(UsageError, match="was not made by this command"):
        convert_manifest(manifest, "bids", out, force=True)


def test_a_manifest_made_of_the_tree_does_not_replace_it(make_cohort, tmp_path):
    out = tmp_path / "out"
    convert_manifest(make_cohort(), "bids", out)
    back = create_manifest("bids", out, tmp_path / "back.csv")
    with pytest.raises(UsageError, match="an image of the manifest"):
        convert_manifest(back, "bids", out, force=True, link="symbolic")
    assert len(list(out.rglob("*_FLAIR.nii.gz"))) == 8


def _read_back(notes, monkeypatch, folder):
    """The manifest that the command in a note makes, run as it is."""
    from click.testing import CliRunner

    from monai_mri.cli import main
    from monai_mri.manifest import read_manifest

    (note,) = (note for note in notes if "reads it back" in note)
    words = shlex.split(note.partition("back: ")[2])
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, words[1:])
    assert result.exit_code == 0, result.output
    return read_manifest(Path(words[words.index("-o") + 1]))


@pytest.mark.parametrize("link", ["no", "hard", "symbolic"])
def test_the_command_that_is_told_reads_unknown_modalities_back(make_cohort, tmp_path, monkeypatch, link):
    manifest = make_cohort(modalities=("flair", "t1post", "whitematter", "brainmask", "change_mask"))
    out = Path("deep/the tree")
    monkeypatch.chdir(tmp_path)
    result = convert_manifest(manifest, "bids", out, link=link)
    back = _read_back(result.notes, monkeypatch, tmp_path)
    assert {*back.modalities} == {"flair", "t1w_ce_gadolinium", "whitematter", "brainmask", "changemask"}
    assert len(back.rows()) == 8
    assert all(row[name] for row in back.rows() for name in back.modalities)


def test_a_folder_that_cannot_be_written_is_blamed_and_not_the_image(make_cohort, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ManifestError, match=r"/file/out: Not a directory, expected to write it"):
        convert_manifest(make_cohort(), "bids", tmp_path / "file" / "out")


def test_a_full_disk_is_the_outputs_fault(make_cohort, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("monai_mri.manifest.convert.bids.shutil.copyfile", full)
    with pytest.raises(ManifestError, match=r"/out: No space left on device when "):
        convert_manifest(make_cohort(), "bids", tmp_path / "out")


def test_copying_shows_how_far_it_is_on_a_terminal_only(make_cohort, tmp_path, monkeypatch, capsys):
    convert_manifest(make_cohort(), "bids", tmp_path / "a")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    convert_manifest(make_cohort(), "bids", tmp_path / "b")
    assert "copy" in capsys.readouterr().err
