"""Whatever is given as a manifest: one line of answer, no traceback, no hang, nothing written."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from faulty import Cohort, base, copy_of, tree
from faulty_check import GIB, Answer, call, measured

COMMANDS = {
    "check": ("check", "--depth", "table", "--format", "json", "--jobs", "1", "--no-cache"),
    "show": ("show",),
    "split": ("split", "--test", "0.3", "--validation", "0.2"),
}
HINT = "shows where in the code it arose"  # printed where an exception was not foreseen
LONGEST = 1200
Change = Callable[[str], bytes]


def swap(old: str, new: str) -> Change:
    """Another text in the first row that has it."""
    return lambda text: text.replace(old, new, 1).encode()


REFUSED: dict[str, tuple[str, Change]] = {
    "Latin-1": ("E501", lambda text: text.replace("ses-1", "Zürich", 1).encode("latin-1")),
    "UTF-16": ("E501", lambda text: text.encode("utf-16")),
    "UTF-16 without a mark": ("E501", lambda text: text.encode("utf-16-le")),
    "UTF-32": ("E501", lambda text: text.encode("utf-32")),
    "semicolons": ("E502", lambda text: text.replace(",", ";").encode()),
    "tabs": ("E502", lambda text: text.replace(",", "\t").encode()),
    "bars": ("E502", lambda text: text.replace(",", "|").encode()),
    "a quote never closed": ("E505", swap("ses-1", '"ses-1')),
    "a quote closed too early": ("E505", swap("ses-1", '"ses"-1')),
    "a cell too many": ("E505", swap("ses-1", "ses-1,x")),
    "a cell too few": ("E505", swap("ses-1,", "")),
    "a drive letter": ("E509", swap("images/", "C:\\images\\")),
    "a Windows path": ("E509", swap("images/sub-001/", "images\\sub-001\\")),
    "a network path": ("E509", swap("images/", "\\\\pacs\\images\\")),
    "a path out of the root": ("E509", swap("images/", "../../../../etc/")),
    "a cell of 10 MB": ("E505", swap("ses-1", "x" * 10_000_000)),
    "a header of 10 MB": ("E505", swap("session_id", "x" * 10_000_000)),
    "a column twice": ("E504", lambda text: text.replace("age", "sex", 1).encode()),
    "a NUL byte": ("E501", swap("ses-1", "ses\0-1")),
    "NUL bytes only": ("E501", lambda _: bytes(100_000)),
    "an empty file": ("E103", lambda _: b""),
    "blank lines": ("E103", lambda _: b"\n \n\n"),
    "a byte-order mark and nothing else": ("E103", lambda _: b"\xef\xbb\xbf"),
    "the header only": ("", lambda text: text.splitlines()[0].encode()),
    "no subject_id": ("E512", lambda text: text.replace("subject_id", "patient", 1).encode()),
    "an empty id": ("E512", lambda text: text.replace("\nsub-001", "\n", 1).encode()),
    "a picture": ("E501", lambda _: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
    "a web page": ("", lambda _: b"<!DOCTYPE html>\n<html><body>403</body></html>\n"),
    "JSON": ("", lambda _: b'{"subject_id": ["sub-001"]}\n'),
    "100,000 columns": ("", lambda text: (text.splitlines()[0] + ",a" * 100_000).encode()),
}
TAKEN: dict[str, Change] = {
    "a byte-order mark": lambda text: text.encode("utf-8-sig"),
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "no line end at the end": lambda text: text.rstrip("\n").encode(),
    "all cells quoted": lambda text: "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in text.splitlines()
    ).encode(),
    "a cell of 100 kB": swap("ses-1", "x" * 100_000),
    "an escaped formula": swap("ses-1", "'=cmd|' /C calc'!A0"),
}
SIDECARS: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"{",
    "not UTF-8": b'{"source": "Z\xfcrich"}',
    "another JSON": b'{"a": [1, 2, 3]}',
    "a list": b"[]",
    "nested": b"[" * 100_000,
    "a number of 100,000 digits": b'{"files": ' + b"9" * 100_000 + b"}",
    "binary": bytes(range(256)),
}


@pytest.fixture(scope="module")
def correct(tmp_path_factory) -> Path:
    return base(tmp_path_factory.mktemp("correct") / "cohort", n=12, shape=(12, 12, 12))


@pytest.fixture
def cohort(correct, tmp_path) -> Cohort:
    return copy_of(correct, tmp_path / "cohort")


@pytest.fixture(params=COMMANDS)
def command(request) -> str:
    return request.param


def run(command: str, path: Path, *, by: Callable[..., Answer] = call) -> Answer:
    name, *options = COMMANDS[command]
    return by("manifest", name, path, *options)


def assert_one_line(answer: Answer, command: str, *, code: str = "", exits: tuple[int, ...] = (1,)) -> None:
    """A finding, a line of error, or click's own lines where the request is wrong."""
    assert answer.exit_code in exits
    assert "Traceback" not in answer.stdout + answer.stderr
    assert HINT not in answer.stderr
    if command == "check" and answer.stdout.strip():
        codes = [finding["code"] for finding in answer.findings]
        assert codes
        assert code in (codes[0], "")
        assert all("\n" not in value for finding in answer.findings for value in finding.values())
        assert all(len(value) < LONGEST for finding in answer.findings for value in finding.values())
        return
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    assert answer.stdout == ""
    assert len(lines) == 1 or (answer.exit_code == 2 and lines[0].startswith("Usage:"))
    assert lines[-1].lower().startswith("error: ")
    assert len(lines[-1]) < LONGEST
    assert code in lines[-1]


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(name, command, cohort):
    code, change = REFUSED[name]
    cohort.path.write_bytes(change(cohort.path.read_text()))
    before = tree(cohort.folder)
    assert_one_line(run(command, cohort.path), command, code=code)
    assert tree(cohort.folder) == before


@pytest.mark.parametrize("name", TAKEN)
def test_a_table_that_only_looks_odd_is_taken(name, command, cohort):
    cohort.path.write_bytes(TAKEN[name](cohort.path.read_text()))
    answer = run(command, cohort.path)
    assert (answer.exit_code, "error" in answer.stderr.lower()) == (0, False)
    if command == "check":
        assert answer.findings == []


def test_a_formula_is_shown_as_text_and_found_by_the_check(command, cohort):
    cohort.path.write_bytes(cohort.path.read_text().replace("ses-1", "=cmd|' /C calc'!A0", 1).encode())
    answer = run(command, cohort.path)
    assert answer.exit_code == (1 if command == "check" else 0)
    if command == "check":
        assert answer.codes == {"E507"}


@pytest.mark.parametrize("name", SIDECARS)
def test_a_sidecar_that_cannot_be_used_is_refused_in_one_line(name, command, cohort):
    cohort.sidecar.write_bytes(SIDECARS[name])
    before = tree(cohort.folder)
    assert_one_line(run(command, cohort.path), command)
    assert tree(cohort.folder) == before


@pytest.mark.parametrize("name", SIDECARS)
def test_splits_that_cannot_be_used_are_refused_in_one_line(name, cohort):
    cohort.splits.write_bytes(SIDECARS[name])
    before = tree(cohort.folder)
    for command in ("check", "show"):
        assert_one_line(run(command, cohort.path), command)
    assert tree(cohort.folder) == before


def test_splits_of_another_manifest_are_said_to_be_such(cohort):
    cohort_text = cohort.path.read_text()
    assert run("split", cohort.path).exit_code == 0
    cohort.path.write_text(cohort_text.replace("24.5", "25.5", 1))
    answer = run("check", cohort.path)
    assert_one_line(answer, "check")


def test_a_folder_is_refused(command, cohort):
    assert_one_line(run(command, cohort.folder), command, exits=(1, 2))


def test_a_missing_file_is_refused(command, cohort):
    before = tree(cohort.folder)
    assert_one_line(run(command, cohort.folder / "none.csv"), command, exits=(1, 2))
    assert tree(cohort.folder) == before


def test_a_link_to_itself_is_refused(command, cohort):
    cohort.path.unlink()
    cohort.path.symlink_to(cohort.path.name)
    assert_one_line(run(command, cohort.path), command, exits=(1, 2))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused(command, cohort):
    cohort.path.chmod(0)
    assert_one_line(run(command, cohort.path), command, exits=(1, 2))


def test_a_pipe_is_refused_and_not_waited_for(command, cohort):
    cohort.path.unlink()
    os.mkfifo(cohort.path)
    answer = run(command, cohort.path, by=lambda *words: measured(*words, seconds=20))
    assert_one_line(answer, command, exits=(1, 2))


def test_an_endless_device_is_refused(command, cohort):
    cohort.path.unlink()
    cohort.path.symlink_to("/dev/zero")
    answer = run(command, cohort.path, by=lambda *words: measured(*words, seconds=20))
    assert_one_line(answer, command, exits=(1, 2))
    assert answer.peak_bytes < 2 * GIB


@pytest.mark.slow
def test_a_line_of_3_gb_is_refused_quickly(command, cohort):
    with cohort.path.open("ab") as stream:
        stream.write(b"x" * 64_000_000)
        stream.truncate(3 * GIB)  # the rest is a hole, so that the disk holds 64 MB
    answer = run(command, cohort.path, by=lambda *words: measured(*words, seconds=30))
    assert_one_line(answer, command)
    assert answer.peak_bytes < 2 * GIB
    assert sorted(path.name for path in cohort.folder.iterdir()) == ["cohort.csv", "cohort.json", "images"]


def test_a_table_with_random_bytes_changed_never_ends_in_an_unforeseen_error(command, cohort):
    dice = random.Random(0)
    content = cohort.path.read_bytes()
    for _ in range(60):
        changed = bytearray(content)
        for _ in range(dice.choice((1, 2, 20))):
            changed[dice.randrange(len(changed))] = dice.choice(b"\0\xff\",;\n\r\t='\\/. x1")
        cohort.path.write_bytes(changed)
        answer = run(command, cohort.path)
        assert answer.exit_code in (0, 1)
        assert HINT not in answer.stderr
        assert "Traceback" not in answer.stderr
        cohort.splits.unlink(missing_ok=True)
