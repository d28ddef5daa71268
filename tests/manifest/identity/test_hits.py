"""Many traces become few faults."""

from __future__ import annotations

from monai_mri.manifest.identity.hits import REASONS, Hit, as_faults


def test_traces_of_one_reason_become_one_fault_and_errors_come_first():
    hits = [Hit("date", "StudyDate", "20190315"), Hit("person", "PatientName", "Smith^John")]
    hits.append(Hit("date", "SeriesDate", "20190315"))
    first, second = as_faults(hits, where="a.dcm")
    assert (first.code, second.code) == ("E801", "W804")
    assert "StudyDate" in second.found
    assert "SeriesDate" in second.found


def test_a_message_never_holds_the_value():
    for reason in REASONS:
        message = str(next(as_faults([Hit(reason, "field", "Smith^John 20190315")], where="a")))
        assert "Smith" not in message
        assert "John" not in message
        assert "20190315" not in message


def test_many_fields_are_counted():
    fault = next(as_faults([Hit("person", f"field{n}", "x y") for n in range(9)], where="a"))
    assert "and 4 more" in fault.found
