from __future__ import annotations

import pytest

from monai_mri.engines.console import say, track


def test_a_line_goes_to_standard_error_alone(capsys):
    say("threshold 0.4")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "threshold 0.4\n"


def test_track_yields_every_item_in_order_and_shows_no_bar_without_a_terminal(capsys):
    assert list(track(iter("abc"), what="reading", total=3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_track_lets_an_error_of_the_consumer_or_producer_through():
    def broken():
        yield 1
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        list(track(broken(), what="reading"))
