# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.signals; what the loop does with them is its own."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from modeling.training import signals

both = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@both
def test_signal_is_noted_and_does_not_end_the_process(number):
    with signals.StopRequest() as stop:
        assert not stop.requested
        os.kill(os.getpid(), number)
        assert stop.requested


@both
def test_handlers_are_put_back(number):
    before = signal.getsignal(number)
    with signals.StopRequest():
        assert signal.getsignal(number) is not before
    assert signal.getsignal(number) is before
    with signals.StopRequest():
        os.kill(os.getpid(), number)
        assert signal.getsignal(number) is before  # A second one is not caught.
    assert signal.getsignal(number) is before


@pytest.fixture
def interrupts():
    """Lets SIGINT raise, which is ignored where a shell started us in background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_second_interrupt_raises_at_once(interrupts):
    with signals.StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_exit_says_that_the_run_is_unfinished():
    with pytest.raises(signals.Stopped) as caught, signals.StopRequest() as stop:
        stop.exit(7)
    assert caught.value.code == 75


def run_process(root, body):
    """Runs code that catches signals, and returns the finished process."""
    code = "import os, signal\nfrom modeling.training import signals\n"
    return subprocess.run(
        [sys.executable, "-c", code + textwrap.dedent(body)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_second_sigterm_ends_the_process_at_once(root):
    done = run_process(
        root,
        """
        with signals.StopRequest():
            os.kill(os.getpid(), signal.SIGTERM)
            print("after the first", flush=True)
            os.kill(os.getpid(), signal.SIGTERM)
            print("after the second", flush=True)
        """,
    )
    assert done.returncode == -signal.SIGTERM
    assert done.stdout == "after the first\n"
    assert "SIGTERM: saving after this call" in done.stderr


def test_exit_is_the_status_of_the_process(root):
    done = run_process(
        root,
        """
        with signals.StopRequest() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            stop.exit(7)
        """,
    )
    assert done.returncode == 75
    assert "Stopped after step 7, which is saved." in done.stderr
    assert "Traceback" not in done.stderr
