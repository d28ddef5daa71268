from __future__ import annotations

import json

import pytest


@pytest.fixture
def table(run, pairs_folder):
    out = pairs_folder / "m.csv"
    words = (
        "manifest",
        "create",
        "image-pairs",
        pairs_folder,
        "-o",
        out,
        "--option",
        "subject_pattern=^[a-z]",
    )
    assert run(*words).exit_code == 0
    return out


@pytest.mark.parametrize("form", ["decathlon", "bids", "parquet"])
def test_each_form_is_written_and_said(run, table, tmp_path, form):
    _need(form)
    out = tmp_path / "new" / "out"
    result = run("manifest", "convert", table, "--to", form, "-o", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{out}: ")
    assert out.exists()
    assert run("manifest", "convert", table, "--to", form, "-o", out).exit_code == 2
    assert run("manifest", "convert", table, "--to", form, "-o", out, "--force").exit_code == 0


def test_settings_reach_the_form(run, table, tmp_path):
    out = tmp_path / "a.json"
    run("manifest", "convert", table, "--to", "decathlon", "-o", out, "--option", "columns=no")
    assert {*json.loads(out.read_text())["training"][0]} == {"image", "label"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--to", "bidz"), "did you mean 'bids'?"),
        (("--to", "bids", "--option", "lnk=hard"), "did you mean 'link'?"),
        (("--to", "bids", "--option", "link=soft"), "no or hard or symbolic"),
    ],
)
def test_a_wrong_form_or_setting_is_a_usage_error_that_helps(run, table, tmp_path, words, says):
    result = run("manifest", "convert", table, "-o", tmp_path / "out", *words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert not (tmp_path / "out").exists()


def test_formats_are_listed_with_their_settings(run):
    result = run("manifest", "convert", "--formats")
    assert result.exit_code == 0
    assert "bids: BIDS-like tree" in result.stdout
    assert "  --option link=no\n" in result.stdout


def _need(form):
    """Parquet is an extra."""
    if form == "parquet":
        pytest.importorskip("pyarrow")
