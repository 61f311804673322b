"""`agent-metrics up`: what it starts answers, and ends with it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from flows.command import services as services_module
from flows.command.services import Services
from flows.ground.errors import AgentMetricsError
from flows.ground.home import Home

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "flows.command", "up", "--json"]
ACCOUNT = '{"account_id": "a", "timezone": "UTC", "currency": "EUR"}\n'
CONVERSATION = '{"account_id": "a", "conversation_id": "c", "channel": "sms", "created_at": "2026-06-01T10:00:00Z"}\n'
DEAF = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
SLEEP = "import time; time.sleep(600)"


def wait(seen: Callable[[], object], process: subprocess.Popen[Any] | None = None) -> None:
    """Wait until something is so, and fail after some minutes or as soon as the process has ended."""
    until = time.monotonic() + 600
    while not seen():
        assert process is None or process.poll() is None, "it has ended"
        assert time.monotonic() < until
        time.sleep(0.2)


def free_ports(number: int) -> list[str]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [str(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a shop and the deployment of the main job."""
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "accounts.jsonl").write_text(ACCOUNT, "utf-8")
    (shop / "conversations.jsonl").write_text(CONVERSATION, "utf-8")
    (tmp_path / "agent-metrics.toml").write_text("[sources.files]\npath = 'shop'\n", "utf-8")
    project = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
    project["deployments"] = [one for one in project["deployments"] if one["name"] == "run"]
    (tmp_path / "prefect.yaml").write_text(yaml.safe_dump(project), "utf-8")
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "AGENT_"))}
    return {**clean, "PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1"}


def below(process: subprocess.Popen[Any]) -> list[psutil.Process]:
    """The processes below it, of all generations."""
    found: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return found


def test_everything_answers_and_ends_with_the_command(place: Path, environment: dict[str, str]) -> None:
    """A worker of Prefect outlives SIGTERM, and the flow that it runs is a process of another session."""
    server_port, page_port = free_ports(2)
    ports = ["--server-port", server_port, "--page-port", page_port]
    out, err = place / "out", place / "err"
    with (
        out.open("w") as said,
        err.open("w") as complained,
        subprocess.Popen([*COMMAND, *ports], cwd=place, env=environment, stdout=said, stderr=complained) as up,
    ):
        wait(lambda: out.stat().st_size, up)
        where = json.loads(out.read_text("utf-8"))
        assert "text/html" in _get(where["page"]).headers["content-type"]
        deployment = json.load(_get(f"{where['prefect']}/deployments/name/run/run"))
        assert deployment["schedules"][0]["active"]

        def once_more(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [*COMMAND, *arguments]
            return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)

        second = once_more(*ports)
        assert second.returncode == 4, second.stderr
        assert f"another `agent-metrics up` (process {up.pid}) is at work" in second.stderr
        elsewhere = once_more(*ports, "--home", "elsewhere")
        assert elsewhere.returncode == 2, elsewhere.stderr
        assert f"port {server_port} of this machine is taken by another program" in elsewhere.stderr
        assert not (place / "elsewhere").exists()

        run = urllib.request.Request(
            f"{where['prefect']}/deployments/{deployment['id']}/create_flow_run",
            b"{}",
            {"content-type": "application/json"},
        )
        urllib.request.urlopen(run, timeout=30).close()
        wait((place / ".agent-metrics" / "run.lock").exists, up)
        started = below(up)
        assert any("prefect.engine" in process.cmdline() for process in started)  # the flow is at work
        up.send_signal(signal.SIGINT)
        wait(lambda: up.poll() is not None)
    assert up.returncode == 0, err.read_text("utf-8")
    assert not [process for process in started if process.is_running()]
    with Home(place / ".agent-metrics").lock():
        pass  # nobody holds it


def _get(url: str) -> Any:
    return urllib.request.urlopen(url, timeout=30)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services_module, "PATIENCE", 1.0)


def test_a_service_that_ends_by_itself_is_named_with_its_last_words_and_ends_the_others(tmp_path: Path) -> None:
    services, started = Services(), []

    def run() -> None:
        with services.running():
            started.append(services.start("stays", [sys.executable, "-c", SLEEP], os.environ, tmp_path))
            breaks = [sys.executable, "-c", "raise SystemExit('no such thing')"]
            services.start("breaks", breaks, os.environ, tmp_path)
            services.wait()

    with pytest.raises(AgentMetricsError, match=r"the breaks has ended \(1\): no such thing"):
        run()
    assert started[0].has_ended()


@pytest.mark.usefixtures("quick")
def _is_deaf(process: psutil.Process) -> bool:
    """The tests before have left processes of their own, some of which have just ended."""
    with suppress(psutil.Error):
        return bool(process.cmdline()[-1:] == [DEAF])
    return False


def test_what_does_not_hear_is_killed_with_what_it_has_started(tmp_path: Path) -> None:
    """A process in a session of its own stayed when only the worker was killed."""
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {DEAF!r}], start_new_session=True).wait()"
    deaf = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {child}"
    services = Services()
    with services.running():
        service = services.start("deaf", [sys.executable, "-c", deaf], os.environ, tmp_path)
        wait(lambda: "deaf" in service.log.read_text("utf-8"))
        (grandchild,) = (one for one in psutil.Process().children(recursive=True) if _is_deaf(one))
    assert service.has_ended()
    wait(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_to_end_the_command_is_heard(tmp_path: Path, asked: signal.Signals) -> None:
    services = Services()
    with services.running():
        service = services.start("stays", [sys.executable, "-c", SLEEP], os.environ, tmp_path)
        os.kill(os.getpid(), asked)
        assert services.wait() is False
    assert service.has_ended()


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[psutil.Process]:
    """A service whose command was killed."""
    script = f"""
import os, sys
from pathlib import Path
from flows.command.services import Services
services = Services()
with services.running():
    services.start("stays", [sys.executable, "-c", {SLEEP!r}], os.environ, Path({str(tmp_path)!r}))
    services.wait()
"""
    with subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}) as command:
        wait(lambda: below(command), command)
        (service,) = below(command)
        command.kill()
    yield service
    if service.is_running():
        service.kill()


def test_what_was_started_ends_even_if_the_command_is_killed(killed: psutil.Process) -> None:
    wait(lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE)
