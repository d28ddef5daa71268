"""Which text is of software, which values say nothing."""

from __future__ import annotations

import pytest

from monai_mri.manifest.identity.vocabulary import is_placeholder, unusual_words

BENIGN = ["FSL5.0", "FSL3.3", "SPM12", "5.0.11", "6.0.5:9e026117", "spm - algebra", "spm - 3D normalized", ""]
BENIGN += ["FSL3.3 v2.25 NIfTI-1 Single file format", "NIFTI", "none", "Time series", "mask", "t1_mprage_sag"]
BENIGN += [
    "MPRAGE_GRAPPA2_1mm",
    "MRI BRAIN W WO CONTRAST",
    "ep2d_diff_mddw_64_p2",
    "Philips Medical Systems 5.3",
]


@pytest.mark.parametrize("text", BENIGN)
def test_strings_of_software_are_explained(text):
    assert unusual_words(text) == []


@pytest.mark.parametrize("text", ["Miller", "scan of Mrs Miller", "FSLMiller"])
def test_other_words_are_not(text):
    assert unusual_words(text)


@pytest.mark.parametrize(
    "text", ["", "Anonymous", "anon", "sub-01", "patient07", "N/A", "000000", "Anonymous^"]
)
def test_placeholders_say_nothing(text):
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["Smith^John", "4711234", "19960909", "Patty"])
def test_identities_are_no_placeholders(text):
    assert not is_placeholder(text)
