from __future__ import annotations


def test_report_writes_a_page_and_prints_its_path(run, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    result = run(
        "report",
        tmp_path,
        "-o",
        tmp_path / "page.html",
        "--title",
        "Mine",
        "--note",
        "One.",
        "--note",
        "Two.",
    )
    assert (result.exit_code, result.output.strip()) == (0, str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(text in page for text in ("Mine", "One.", "Two."))


def test_report_of_no_run_folder_ends_with_one_line_and_exit_code_1(run, tmp_path):
    result = run("report", tmp_path)
    assert result.exit_code == 1
    assert "holds no run.json" in result.output
    assert result.output.count("\n") == 1
