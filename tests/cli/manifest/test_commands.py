from __future__ import annotations

import pytest

from monai_mri.manifest import read_manifest, read_splits, splits_path


@pytest.fixture
def made(run, pairs_folder):
    out = pairs_folder / "m.csv"
    subject = "subject_pattern=^[a-z]"
    result = run("manifest", "create", "image-pairs", pairs_folder, "-o", out, "--option", subject)
    assert result.exit_code == 0, result.stderr
    return out, result


def test_create_writes_table_and_sidecar_and_says_what_was_left_out(made):
    out, result = made
    assert result.stdout == f"{out}: 6 images of 3 subjects\n"
    assert "1 left out:" in result.stderr
    assert "d0.png" in result.stderr
    assert len(read_manifest(out).rows()) == 6
    assert read_manifest(out).sidecar is not None


def test_source_and_licence_are_kept(run, pairs_folder):
    out = pairs_folder / "m.csv"
    run("manifest", "create", "image-pairs", pairs_folder, "-o", out, "--source", "here", "--licence", "CC0")
    sidecar = read_manifest(out).sidecar
    assert (sidecar.source, sidecar.licence) == ("here", "CC0")


def test_nothing_is_overwritten_without_force(run, made, pairs_folder):
    out, _ = made
    words = ("manifest", "create", "image-pairs", pairs_folder, "-o", out)
    refused = run(*words)
    assert refused.exit_code == 2
    assert refused.stderr == f"error: {out}: exists already, expected a new file; add --force to replace it\n"
    assert run(*words, "--force").exit_code == 0
    assert run("manifest", "split", out).exit_code == 0
    assert run("manifest", "split", out).exit_code == 2
    assert run("manifest", "split", out, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("image-pair",), "did you mean 'image-pairs'?"),
        (("image-pairs", "--option", "modalty=t1"), "did you mean 'modality'?"),
        (("image-pairs", "--option", "modality"), "KEY=VALUE"),
        (("image-pairs", "--option", "source=x"), "of the command itself"),
    ],
)
def test_a_wrong_layout_or_setting_is_a_usage_error_that_helps(run, pairs_folder, words, says):
    layout, *rest = words
    result = run("manifest", "create", layout, pairs_folder, "-o", pairs_folder / "m.csv", *rest)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not (pairs_folder / "m.csv").exists()


def test_a_folder_without_samples_is_a_data_error(run, tmp_path):
    result = run("manifest", "create", "image-pairs", tmp_path / "none", "-o", tmp_path / "m.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")


def test_split_assigns_and_holds_out_as_asked(run, made):
    out, _ = made
    result = run("manifest", "split", out, "--test", 0, "--validation", 0, "--assign", "b=test", "--seed", 3)
    assert result.stdout.endswith(f"{splits_path(out)}: subjects 2 train, 0 validation, 1 test\n")
    splits = read_splits(splits_path(out))
    assert splits.part_of("b") == "test"
    assert splits.seed == 3


def test_split_makes_repeated_folds(run, made):
    out, _ = made
    result = run("manifest", "split", out, "--folds", 3, "--repeats", 2, "--validation", 0)
    assert "2 x 3 folds, subjects of the first: 2 train, 0 validation, 1 test" in result.stdout


@pytest.mark.parametrize(
    ("words", "code"), [(("--assign", "z=test"), 2), (("--stratify", "sex"), 2), (("--folds", 9), 1)]
)
def test_an_impossible_split_ends_in_one_line(run, made, words, code):
    out, _ = made
    result = run("manifest", "split", out, *words)
    assert result.exit_code == code
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert not splits_path(out).exists()


def test_show_summarises(run, made):
    out, _ = made
    run("manifest", "split", out, "--test", 0.34, "--validation", 0)
    result = run("manifest", "show", out)
    assert result.exit_code == 0
    for words in ("subjects", "8 x 8", "splits: by subject_id"):
        assert words in result.stdout


def test_show_of_a_missing_file_is_a_data_error(run, tmp_path):
    result = run("manifest", "show", tmp_path / "none.csv")
    assert result.exit_code == 1
    assert "none.csv" in result.stderr


def test_show_takes_at_most_1_5_seconds_without_torch_or_monai(process, processor_seconds, made):
    out, _ = made
    assert processor_seconds("manifest", "show", out) <= 1.5
    imports = process("manifest", "show", out, PYTHONPROFILEIMPORTTIME="1").stderr
    assert not {line.rpartition("|")[2].strip() for line in imports.splitlines()} & {"torch", "monai"}


def test_join_keeps_subjects_of_two_sets_apart(run, made, pairs_folder):
    out, _ = made
    both = pairs_folder / "both.csv"
    result = run("manifest", "join", out, out, "-o", both, "--prefix", "x", "--prefix", "y")
    assert result.stdout == f"{both}: 12 images of 6 subjects\n"
    assert run("manifest", "join", out, "-o", both).exit_code == 2


def test_layouts_are_listed_with_settings_and_presets(run):
    output = run("manifest", "layouts").stdout
    assert "image-pairs: " in output
    assert "--option modality=flair" in output
    assert "--option preset=ms60_mini" in output


def test_pictures_that_each_count_as_a_subject_are_pointed_out(run, pairs_folder, made):
    alone = run("manifest", "create", "image-pairs", pairs_folder, "-o", pairs_folder / "alone.csv")
    assert "6 pictures, 6 subjects: each a subject of its own" in alone.stderr
    assert "a subject of its own" not in made[1].stderr
