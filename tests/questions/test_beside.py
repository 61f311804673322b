"""Work in processes of their own (flows/questions/beside.py): real ones, of this interpreter."""

from __future__ import annotations

import os
import signal
import time
from functools import partial

import numpy as np
import pytest

from flows.ground.errors import AgentMetricsError, InputError
from flows.questions.beside import Beside


def nothing() -> None:
    pass


def doubled(number: int) -> tuple[int, int]:
    print("what a library prints is no answer")
    return os.getpid(), 2 * number


def refused() -> None:
    raise InputError("no", where="here", remedy="mend it")


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Odd(Exception):
    """An error that does not survive the way to another process."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def odd() -> None:
    raise Odd("a", "b")


def processes(beside: Beside) -> list[int]:
    return [one.pid for one in beside._all]


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_outcomes_come_in_the_order_of_the_calls_from_other_processes() -> None:
    with Beside() as beside:
        beside.start(nothing)
        found = list(beside.each(partial(beside.call, doubled, number) for number in range(20)))
        known = processes(beside)
        assert [twice for _, twice in found] == [2 * number for number in range(20)]
        assert {process for process, _ in found} <= set(known)
        assert len(known) > 1
    assert not any(map(is_there, known))


def test_without_a_start_all_is_done_here() -> None:
    with Beside() as beside:
        found = list(beside.each(partial(beside.call, doubled, number) for number in range(3)))
    assert found == [(os.getpid(), 0), (os.getpid(), 2), (os.getpid(), 4)]


def test_an_error_over_there_is_one_here() -> None:
    with Beside() as beside:
        beside.start(nothing)
        with pytest.raises(InputError, match="here: no; mend it"):
            beside.call(refused)()
        with pytest.raises(RuntimeError, match="Odd: ab"):
            beside.call(odd)()
        assert beside.call(doubled, 4)()[1] == 8


def test_a_process_that_is_killed_is_an_error_and_leaves_no_other_behind() -> None:
    with Beside() as beside:
        beside.start(nothing)
        known = processes(beside)
        with pytest.raises(AgentMetricsError, match="has ended"):
            beside.call(killed)()
    assert not any(map(is_there, known))


def test_processes_end_with_the_one_that_started_them() -> None:
    """A build that is killed has no time to end anything: what it started finds its stdin closed."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        beside = Beside().__enter__()
        beside.start(nothing)
        os.write(theirs, " ".join(map(str, processes(beside))).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    known = [int(one) for one in os.read(ours, 1000).split()]
    os.close(ours)
    os.close(theirs)
    until = time.monotonic() + 60
    while any(_lives(one) for one in known) and time.monotonic() < until:
        time.sleep(0.05)
    assert known
    assert not any(_lives(one) for one in known)


def _lives(process: int) -> bool:
    """Whether a process that is no child of ours still runs: a dead one may wait for somebody to take note."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_thread_does_all_linear_algebra() -> None:
    with Beside() as beside:
        beside.start(nothing)
        assert beside.call(_threads)() == [1] * len(beside.call(_threads)())
        assert set(_threads()) == {1}


def _threads() -> list[int]:
    import scipy.linalg  # noqa: F401, PLC0415
    from threadpoolctl import threadpool_info  # noqa: PLC0415

    np.ones((2, 2)) @ np.ones((2, 2))
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
