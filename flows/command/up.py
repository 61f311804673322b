"""The command `up`: everything that runs every day, on one machine, for as long as somebody lets it run."""

from __future__ import annotations

import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import typer
from pydantic import Field

from flows.command.console import Console
from flows.command.options import command
from flows.command.prefect_server import PrefectServer, Unknown, authorization
from flows.command.services import Services
from flows.command.start import answers
from flows.ground.errors import AgentMetricsError, InputError
from flows.ground.extras import how_to_install
from flows.ground.home import Home
from flows.settings import credentials
from flows.settings.requests import Request

POOL = "shop"  # as prefect.yaml names it
LOOPBACK = "127.0.0.1"

app = typer.Typer(add_completion=False)


class UpRequest(Request):
    """Where the server and the page listen."""

    server_port: int = Field(default=4200, ge=1, le=65535, description="Of the Prefect server.")
    page_port: int = Field(default=2718, ge=1, le=65535, description="Of the page.")


@command(app, UpRequest)
def up(request: UpRequest, console: Console) -> int:
    """Run a Prefect server with the schedules, a worker and the page on this machine, until interrupted.

    Works in a folder with prefect.yaml. Server and page serve this machine
    alone. Everything that was started ends with the command.
    """
    settings = request.settings()
    for extra, module in (("prefect", "prefect"), ("dashboard", "psutil")):
        if find_spec(module) is None:
            raise InputError(f"this needs the extra `{extra}`", remedy=how_to_install(extra))
    if not Path("prefect.yaml").is_file():
        remedy = "work in the folder of the checkout, or copy its prefect.yaml here"
        raise InputError("there is no prefect.yaml, which names the schedules", where=str(Path.cwd()), remedy=remedy)
    home, services = Home(settings.home.absolute()), Services()
    try:
        _check_free(request.server_port, "--server-port")
        _check_free(request.page_port, "--page-port")
    except InputError:
        if home.up_lock.exists():
            with home.up():  # says rather that it is up already, if it is
                raise
        raise
    with home.up(), services.running():
        is_up = _start(request, home, services, console)
        if is_up:
            services.wait()
        console.say("Ending the page, the worker and the server …")
    return 0


def _start(request: UpRequest, home: Home, services: Services, console: Console) -> bool:
    """Start everything, in this order, and say where it is; False if it is asked to end before that."""
    server, page = (f"http://{LOOPBACK}:{port}" for port in (request.server_port, request.page_port))
    environment = _environment(request, home, f"{server}/api")
    logs = home.logs
    logs.mkdir(exist_ok=True)
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    ours = [sys.executable, "-m", "flows.command"]
    console.say("Starting the Prefect server …")
    listening = ["--host", LOOPBACK, "--port", str(request.server_port)]
    services.start("server", [*prefect, "server", "start", *listening], environment, logs)
    services.start("page", [*ours, "dashboard", "--port", str(request.page_port)], environment, logs)
    if not services.wait(lambda: answers(f"{server}/api")):
        return False
    console.say("Starting the worker and deploying the flows …")
    worker = ["worker", "start", "--pool", POOL, "--type", "process"]  # makes the pool if it is not there
    services.start("worker", [*prefect, *worker], environment, logs)
    if not services.wait(lambda: _has_pool(f"{server}/api")):
        return False
    _deploy([*prefect, "deploy", "--all"], environment)
    if not services.wait(lambda: answers(page)):
        return False
    lines = (
        f"Page       {page}/",
        f"Prefect    {server}/   (export PREFECT_API_URL={server}/api)",
        f"Home       {home.root}",
        f"Logs       {logs}/server.log, worker.log, page.log",
        "Ctrl-C ends all of them.",
    )
    console.show({"page": f"{page}/", "prefect": f"{server}/api", "home": str(home.root), "logs": str(logs)}, lines)
    return True


def _environment(request: UpRequest, home: Home, api: str) -> dict[str, str]:
    """What the processes find: this server, and the same settings as this command. The user's own variables win."""
    usual = {
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # else a server that ends while a run is at work keeps the run's place for ever, and no later run begins
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    }
    told = {"AGENT_METRICS_HOME": str(home.root), "PREFECT_API_URL": api}
    if request.config:
        told["AGENT_METRICS_CONFIG"] = str(Path(request.config).absolute())
    return {**usual, **credentials(), **told}


def _has_pool(api: str) -> bool:
    try:
        PrefectServer(api, authorization(credentials())).pool(POOL)
    except Unknown:
        return False
    return True


def _deploy(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603  our own command; in a session of its own Ctrl-C leaves it alone
        command, env=environment, capture_output=True, text=True, check=False, start_new_session=True
    )
    if done.returncode:
        said = " ".join((done.stdout + done.stderr).split())
        raise AgentMetricsError(f"the flows could not be deployed: {said[-500:]}", remedy="correct prefect.yaml")


def _check_free(port: int, option: str) -> None:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOOPBACK, port))
        except OSError as error:
            what = f"port {port} of this machine is taken by another program ({error.strerror})"
            raise InputError(what, remedy=f"end it, or give another {option}") from error
