from __future__ import annotations

from monai_mri.manifest.identity.keyed import value_hits
from monai_mri.manifest.identity.languages import MAY_BE_PERSON, PERSON, plain_name


def test_every_word_is_written_as_names_are_compared():
    assert all(plain_name(word) == word for word in PERSON | MAY_BE_PERSON)
    assert not PERSON & MAY_BE_PERSON


def test_a_key_of_a_sidecar_is_known_too_and_a_vague_one_only_with_a_name_in_it():
    assert [hit.reason for hit in value_hits("Geburtsdatum", "im Mai")] == ["person"]
    assert list(value_hits("Nombre", "12")) == []
    assert [hit.reason for hit in value_hits("Nombre", "Garcia, Ana")] == ["person"]
