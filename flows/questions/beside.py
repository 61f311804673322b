"""Work beside other work: calls of functions in processes of their own, one for each core.

    python -m flows.questions.beside    is such a process: it reads calls from its stdin and answers on its stdout

A process ends when its stdin does, so that none is left behind when the build is killed. Unlike those of
multiprocessing it does not run the program that started it once more, whatever that is.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Any, BinaryIO, ParamSpec, Self, TypeVar, cast

from threadpoolctl import threadpool_limits

from flows.ground.errors import AgentMetricsError

P = ParamSpec("P")
T = TypeVar("T")

# Threads of a library of linear algebra wait for each other in a loop: where cores are wanted by others, one thread is
# several times as fast as two. The same number everywhere also rounds the same everywhere.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")


class Beside:
    """Processes that are started when there is much to do, and end with the block; without them, and on one core, work
    is done at once in this process.
    """

    def __init__(self) -> None:
        self._cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._threads: ThreadPoolExecutor | None = None
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._all: list[subprocess.Popen[bytes]] = []

    def start(self, first: Callable[P, None], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Start the processes, with a call of `first` in each, which nobody waits for."""
        if self._threads or self._cores < 2:
            return
        self._threads = ThreadPoolExecutor(self._cores)
        for _ in range(self._cores):
            process = subprocess.Popen(  # noqa: S603  our own module
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            self._all.append(process)
            self._idle.put(process)
        for _ in range(self._cores):
            self._threads.submit(self._answer, first, args, kwargs)

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """Begin a call; what waits for its outcome."""
        if self._threads:
            future: Future[T] = self._threads.submit(self._answer, function, args, kwargs)
            return future.result
        return here(function, *args, **kwargs)

    def each(self, calls: Iterable[Callable[[], Callable[[], T]]]) -> Iterator[T]:
        """The outcomes of calls in their order, each begun by calling it; never more than one a core waits."""
        waiting: deque[Callable[[], T]] = deque()
        for begin in calls:
            waiting.append(begin())
            if len(waiting) > self._cores or not self._threads:
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()

    def _answer(self, function: Callable[..., T], args: Sequence[Any], kwargs: dict[str, Any]) -> T:
        process = self._idle.get()
        try:
            calls, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
            pickle.dump((function, args, kwargs), calls, pickle.HIGHEST_PROTOCOL)
            calls.flush()
            outcome, error = pickle.load(answers)  # noqa: S301  our own process
        except (OSError, EOFError, pickle.UnpicklingError) as ended:
            what = "a process that groups questions has ended"
            raise AgentMetricsError(what, remedy="run again; if it ends again, give the machine more memory") from ended
        finally:
            self._idle.put(process)
        if error is not None:
            raise error
        answer: T = outcome
        return answer

    def __enter__(self) -> Self:
        import scipy.linalg  # noqa: F401, PLC0415  has a library of its own, which is there from now on

        self._limits = threadpool_limits(1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            for process in self._all:
                process.kill()
        if self._threads:
            self._threads.shutdown(cancel_futures=True)
        for process in self._all:
            with process:  # closes the pipes, by which it ends, and waits
                pass
        self._limits.restore_original_limits()


def here(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
    """A call in this process, done at once; what has its outcome."""
    outcome = function(*args, **kwargs)
    return lambda: outcome


def answer(calls: BinaryIO, answers: BinaryIO) -> None:
    """Do what is asked until nobody asks any more."""
    while True:
        try:
            function, args, kwargs = pickle.load(calls)  # noqa: S301  of the process that started this one
        except EOFError:
            return
        try:
            outcome = pickle.dumps((function(*args, **kwargs), None), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # whatever it is, who asked is told
            outcome = _told(error)
        answers.write(outcome)
        answers.flush()


def _told(error: Exception) -> bytes:
    """An error for another process: as it is, or in words where it cannot travel."""
    try:
        told = pickle.dumps((None, error), pickle.HIGHEST_PROTOCOL)
        pickle.loads(told)  # noqa: S301  our own
    except Exception:  # an error of a library may be anything
        return pickle.dumps((None, RuntimeError(traceback.format_exc())), pickle.HIGHEST_PROTOCOL)
    return told


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    answer(sys.stdin.buffer, stdout)
