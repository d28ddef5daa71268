from __future__ import annotations

import pytest

from monai_mri.errors import UsageError
from monai_mri.explain import read_labels

WANTED = {"brain stem": 1, "corpus_callosum": 12}
FILES = {
    "a.json": '{"brain stem": 1, "corpus_callosum": 12}',
    "b.json": '{"1": "brain stem", "12": "corpus_callosum"}',
    "c.csv": "index,name,volume\n1,brain stem,3.5\n12,corpus_callosum,9\n",
    "d.csv": 'name;label\n"brain stem";1\ncorpus_callosum;12\n',
    "e.tsv": "# an atlas\nlabel\tregion\n1\tbrain stem\n12\tcorpus_callosum\n",
}


@pytest.mark.parametrize("name", FILES)
def test_names_are_read_from_every_kind_of_file(tmp_path, name):
    path = tmp_path / name
    path.write_text(FILES[name])
    assert read_labels(path) == WANTED


def test_freesurfers_tables_are_read(tmp_path):
    path = tmp_path / "lut.txt"
    path.write_text("#No. Label R G B A\n\n16  Brain-Stem  119 159 176 0\n251   CC_Posterior 0 0 64 0\n")
    assert read_labels(path) == {"Brain-Stem": 16, "CC_Posterior": 251}


def test_two_labels_of_one_name_are_both_kept(tmp_path):
    path = tmp_path / "twice.txt"
    path.write_text("1 insula\n2 insula\n")
    assert read_labels(path) == {"insula": 1, "insula (2)": 2}


@pytest.mark.parametrize(("name", "text"), [("a.json", "[1]"), ("a.json", "{"), ("a.txt", "nothing here\n")])
def test_a_file_without_labels_is_refused(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="expected"):
        read_labels(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        read_labels(tmp_path / "none.csv")
