from __future__ import annotations


def test_no_cell_reaches_the_terminal_raw(run, tmp_path):
    table = tmp_path / "m.csv"
    table.write_text('subject_id,site,flair\na,"x\x1b[2J\nrows  99\u202e",a.nii\n', encoding="utf-8")
    result = run("manifest", "show", table)
    assert result.exit_code == 0, result.stderr
    assert not {"\x1b", "\u202e"} & {*result.stdout}
    assert "x\ufffd[2J rows  99\ufffd (1)" in result.stdout
