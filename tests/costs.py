"""`pytest --costs`: processor seconds by file, of this process and of the ones it started and waited for.

They hardly depend on what else the machine does, as seconds on the clock do.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

PHASES = ("setup", "call", "teardown")
SHOWN = 15  # tests, the dearest first
_spent: dict[str, dict[str, float]] = {}  # phases by test


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--costs", action="store_true", help="processor seconds by file")


def _cpu() -> float:
    return sum(os.times()[:4])


def _measured(item: pytest.Item, phase: str) -> Generator[None]:
    before = _cpu()
    try:
        return (yield)
    finally:
        item.user_properties.append((phase, _cpu() - before))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    return (yield from _measured(item, "setup"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    return (yield from _measured(item, "call"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    return (yield from _measured(item, "teardown"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        _spent[report.nodeid] = {phase: float(str(spent)) for phase, spent in report.user_properties if phase in PHASES}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("costs"):
        return
    files: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(("tests", *PHASES), 0.0))
    for test, spent in _spent.items():
        file = files[test.partition("::")[0]]
        file["tests"] += 1
        for phase, seconds in spent.items():
            file[phase] += seconds
    say = terminalreporter.write_line
    say("")
    say(f"{'processor seconds':<50}{'tests':>7}{'setup':>9}{'call':>9}{'teardown':>9}{'sum':>9}")

    def whole(name: str) -> float:
        return sum(files[name][phase] for phase in PHASES)

    for name in sorted(files, key=whole, reverse=True):
        file = files[name]
        numbers = "".join(f"{file[phase]:9.1f}" for phase in PHASES)
        say(f"{Path(name).relative_to('tests').as_posix():<50}{file['tests']:7.0f}{numbers}{whole(name):9.1f}")
    say(f"{'sum':<50}{len(_spent):7}{'':27}{sum(map(whole, files)):9.1f}")
    say("")
    for test in sorted(_spent, key=lambda one: sum(_spent[one].values()), reverse=True)[:SHOWN]:
        say("  ".join(f"{_spent[test].get(phase, 0):.1f}" for phase in PHASES) + f"  {test}")
