from __future__ import annotations

import os
import signal
import threading

import pytest

from monai_mri.engines.stopping import SIGNALS, stop_requests


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGUSR1, 138)]
)
def test_a_signal_is_remembered_with_its_exit_status(number, status):
    with stop_requests() as request:
        assert not request.made
        os.kill(os.getpid(), number)
        assert request.made
        assert (request.status, request.name) == (status, number.name)


@pytest.mark.parametrize("ends_with", [None, KeyError])
def test_the_handlers_of_before_are_back_afterwards(ends_with):
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        with stop_requests():
            assert all(signal.getsignal(number) != before[number] for number in SIGNALS)
            if ends_with:
                raise ends_with
    except KeyError:
        pass
    assert {number: signal.getsignal(number) for number in SIGNALS} == before


def test_own_handlers_of_the_caller_come_back():
    received = []
    before = signal.signal(signal.SIGUSR1, lambda *_: received.append("mine"))
    try:
        with stop_requests() as request:
            os.kill(os.getpid(), signal.SIGUSR1)
        assert request.made
        assert received == []
        os.kill(os.getpid(), signal.SIGUSR1)
        assert received == ["mine"]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_second_ctrl_c_does_not_wait():
    def press_twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with stop_requests() as request, pytest.raises(KeyboardInterrupt):
        press_twice()
    assert request.status == 130


def test_a_second_sigterm_changes_nothing():
    with stop_requests() as request:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert request.status == 143


def test_one_block_inside_another_gives_the_signal_to_the_inner_one():
    with stop_requests() as outer:
        with stop_requests() as inner:
            os.kill(os.getpid(), signal.SIGTERM)
        assert inner.made
        assert not outer.made
        os.kill(os.getpid(), signal.SIGTERM)
        assert outer.made


def test_in_another_thread_the_block_runs_without_requests():
    seen = []

    def work() -> None:
        with stop_requests() as request:
            seen.append(request.made)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
