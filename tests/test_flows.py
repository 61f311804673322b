"""The flows under a real Prefect server: history, retries, artifacts, deployments."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import pytest
import yaml

from flows.command.prefect_server import PrefectServer
from flows.command.schedules import schedules
from flows.ground.home import Home
from tests.sources.fake_woocommerce import FakeWooCommerce

T = TypeVar("T")
Prepare = Callable[[Path], Path]
ROOT = Path(__file__).parent.parent
AS_OF = "2026-06-07T12:00:00Z"
DELIVERIES = {"segments", "events", "follow_ups", "handoffs"}
VERBS = {"run", "pull", "build", "check", "publish", "compact", "reconcile", "topics"} | DELIVERIES
# How many seconds a worker, and what it has started, wait before they ask the server again, for runs and for
# cancellations: ten by default.
OFTEN = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]
ACCOUNT = '{"account_id": "a", "timezone": "Europe/Berlin", "currency": "EUR"}\n'
CONVERSATION = '{"account_id": "a", "conversation_id": "c", "channel": "sms", "created_at": "2026-06-01T10:00:00Z"}\n'
MESSAGES = (
    "account_id,message_id,conversation_id,sender,sent_at\n"
    "a,m1,c,visitor,2026-06-01T10:00:00Z\n"
    'a,m2,c,agent,"# [bold](http://x) | x"\n'
)


class Waiting(Protocol):
    """Waits until what is asked for is there, and fails as soon as the process has ended or some minutes are over."""

    def __call__(self, seen: Callable[[], T]) -> T: ...


class Server:
    """A Prefect server on loopback, and processes that talk to it."""

    wait: Waiting  # for something that it does

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{port}/api"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "AGENT_"))}
        own = {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
        own |= OFTEN
        self.environment = {**clean, **own}

    def talking(self) -> dict[str, str]:
        """The environment of a process that talks to this server."""
        return {**self.environment, "PREFECT_API_URL": self.url, "PYTHONPATH": str(ROOT)}

    def run(self, *arguments: object, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *(str(argument) for argument in arguments)],
            env=self.talking(),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def command(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "flows.command", *arguments)

    def ask(self, path: str, method: str = "POST", **body: object) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{path}", json.dumps(body).encode(), {"content-type": "application/json"}, method=method
        )
        for _ in range(60):  # a server whose SQLite is busy asks for patience, as Prefect's own clients have it
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read() or "null")
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                time.sleep(1)
            except TimeoutError:  # or has no time at all
                pass
        raise AssertionError(f"{path} was never answered")


@contextmanager
def prefect_process(*arguments: str, environment: dict[str, str], log: Path) -> Iterator[Waiting]:
    """A process of Prefect in the folder of its log, ended afterwards; yields how to wait for what it does."""
    command = [sys.executable, "-m", "prefect", *arguments]
    with (
        log.open("w") as said,
        subprocess.Popen(command, env=environment, cwd=log.parent, stdout=said, stderr=said) as process,
    ):

        def wait(seen: Callable[[], T]) -> T:
            until = time.monotonic() + 600
            while not (found := seen()):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.5)  # the server works to answer
            return found

        try:
            yield wait
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:  # a worker whose server answers may wait for ever
                process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("prefect")
    one = Server(home, port)
    start = ("server", "start", "--host", "127.0.0.1", "--port", str(port))
    with prefect_process(*start, environment=one.environment, log=home / "server.log") as wait:
        wait(lambda: _answers(one.url))
        one.wait = wait
        yield one


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _texts(file: Path) -> str:
    """The file, and what it holds in base64."""
    text = file.read_text("utf-8", "replace")
    packed = re.findall(r"[A-Za-z0-9+/=]{40,}", text.replace("\\n", ""))
    return text + "".join(base64.b64decode(part + "==").decode("utf-8", "replace") for part in packed)


def write_shop(folder: Path) -> Path:
    folder.mkdir()
    (folder / "accounts.jsonl").write_text(ACCOUNT, "utf-8")
    (folder / "conversations.jsonl").write_text(CONVERSATION, "utf-8")
    (folder / "messages.csv").write_text(MESSAGES, "utf-8")
    return folder


def test_a_run_leaves_its_history_and_fails_where_the_gate_closes(
    server: Server, tmp_path: Path, prepared: Prepare
) -> None:
    shop, home = write_shop(tmp_path / "shop"), prepared(tmp_path / "home")
    (shop / "skills.csv").write_text("account_id,skill,labels\na,s,x\n", "utf-8")
    arguments = ["run", "--home", home, "--path", shop, "--as-of", AS_OF, "--json"]
    closed = server.command(*arguments)
    assert closed.returncode == 3, closed.stderr
    assert json.loads(closed.stdout)["outcome"] == "gate_closed"
    assert "Traceback" not in closed.stderr
    (flow_run,) = server.ask("flow_runs/filter", sort="START_TIME_DESC", limit=1)
    assert flow_run["state"]["type"] == "FAILED"
    assert "the gate is closed" in flow_run["state"]["message"]
    stored = [file for file in (server.home / "storage").rglob("*") if file.is_file()]
    assert stored  # Prefect keeps what a flow failed with
    assert not [file for file in stored if "[bold]" in _texts(file)]  # but not the rows of the verdict
    (report,) = server.ask("artifacts/latest/filter", artifacts={"key": {"any_": ["gate-report"]}})
    assert "The gate is closed" in report["data"]
    said = server.ask("logs/filter", logs={"flow_run_id": {"any_": [flow_run["id"]]}, "level": {"ge_": 30, "le_": 30}})
    assert any("did you mean label?" in one["message"] for one in said)  # a warning of the pull

    published = server.command(*arguments, "--max-rejected-share", "0.9")
    assert published.returncode == 0, published.stderr
    assert json.loads(published.stdout)["outcome"] == "published"
    (flow_run,) = server.ask("flow_runs/filter", sort="START_TIME_DESC", limit=1)
    assert flow_run["state"]["type"] == "COMPLETED"
    tasks = server.ask("task_runs/filter", flow_runs={"id": {"any_": [flow_run["id"]]}})
    steps = (VERBS - DELIVERIES - {"run", "compact", "reconcile", "topics"}) | {"look_over"}
    assert {task["name"].rpartition("-")[0] for task in tasks} == steps | {"seal"}
    (figures,) = server.ask("artifacts/latest/filter", artifacts={"key": {"any_": ["key-figures"]}})
    (shown,) = json.loads(figures["data"])
    assert (shown["conversations"], shown["routed rate"], shown["unresolved rate"]) == (1, *["not measured"] * 2)


def test_only_what_may_pass_by_itself_is_tried_again(server: Server, tmp_path: Path) -> None:
    script = tmp_path / "tries.py"
    script.write_text(
        """
from prefect import flow
from flows.jobs import calls
calls.RETRY_DELAYS[:] = [0, 0, 0]
from flows.ground.errors import InputError, SourceUnavailable
from flows.jobs.under_prefect import as_task
tries = []
def pull(error, fails):
    tries.append(error)
    if len(tries) <= fails:
        raise error
    return "done"
@flow
def passing():
    return as_task(pull, SourceUnavailable("gone"), 2)
@flow
def wrong():
    return as_task(pull, InputError("wrong"), 9)
assert passing() == "done" and len(tries) == 3, tries
tries.clear()
try:
    wrong()
except InputError:
    assert len(tries) == 1, tries
else:
    raise AssertionError
""",
        "utf-8",
    )
    done = server.run(script)
    assert done.returncode == 0, done.stderr


DELIVERING = """
[[accounts]]
account_id = "a"
timezone = "Europe/Berlin"
currency = "EUR"
[accounts.deliveries.folder]
path = "{folder}"
events = true
[accounts.deliveries.klaviyo]
base_url = "http://127.0.0.1:9"
segments = ["started_conversation"]
"""


def test_a_flow_delivers_once_it_is_told_to_and_fails_where_a_delivery_does(
    server: Server, tmp_path: Path, prepared: Prepare
) -> None:
    shop, home, settings = write_shop(tmp_path / "shop"), prepared(tmp_path / "home"), tmp_path / "agent-metrics.toml"
    settings.write_text(DELIVERING.format(folder=tmp_path / "out"), "utf-8")
    where = {"home": str(home), "config": str(settings)}
    run = ("run", "--home", home, "--config", settings, "--path", shop, "--as-of", AS_OF, "--max-rejected-share", "1")
    assert server.command(*run).returncode == 0

    def deliver(verb: str, **asked: object) -> tuple[str, str]:
        """The state of the flow's run, and its artifact."""
        script = tmp_path / "deliver.py"
        script.write_text(
            f"from flows.{verb} import PLANNED, {verb}\n{verb}(PLANNED.model_copy(update={where | asked}))"
        )
        said = server.run(script)
        (flow_run,) = server.ask("flow_runs/filter", sort="START_TIME_DESC", limit=1)
        (table,) = server.ask("artifacts/latest/filter", artifacts={"key": {"any_": ["deliveries"]}})
        logs = server.ask("logs/filter", logs={"flow_run_id": {"any_": [flow_run["id"]]}})
        assert not any("Traceback" in one["message"] for one in logs), said.stderr
        return flow_run["state"]["type"], table["data"]

    state, table = deliver("events")
    assert (state, json.loads(table)[0]["outcome"]) == ("COMPLETED", "planned")
    assert not (tmp_path / "out").exists()
    state, table = deliver("events", dry_run=False)
    assert (state, json.loads(table)[0]["outcome"]) == ("COMPLETED", "delivered")
    assert len(list((tmp_path / "out").rglob("agent_events.csv"))) == 7
    state, table = deliver("segments", dry_run=False)
    assert (state, json.loads(table)[0]["outcome"]) == ("FAILED", "failed")
    assert "KLAVIYO_DELIVERY_KEY is not set" in json.loads(table)[0]["why"]


PREFECT = ("-m", "prefect", "--no-prompt")


@pytest.fixture(scope="module")
def pool(server: Server) -> Server:
    """The server with the work pool that prefect.yaml names."""
    made = server.run(*PREFECT, "work-pool", "create", "shop", "--type", "process")
    assert made.returncode == 0, made.stdout + made.stderr
    return server


def test_every_flow_can_be_deployed_as_it_is(pool: Server) -> None:
    before = (ROOT / "prefect.yaml").read_bytes()
    done = pool.run(*PREFECT, "deploy", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "prefect.yaml").read_bytes() == before
    deployments = {one["name"]: one for one in pool.ask("deployments/filter")}
    assert set(deployments) == VERBS
    scheduled = {name: one["schedules"][0]["active"] for name, one in deployments.items() if one["schedules"]}
    assert scheduled == {"run": True, "compact": True, "topics": True, **dict.fromkeys(DELIVERIES, False)}
    assert deployments["run"]["schedules"][0]["schedule"]["interval"] == 900
    assert all(one["global_concurrency_limit"]["limit"] == 1 for one in deployments.values())


@pytest.fixture
def idle(server: Server) -> Iterator[str]:
    """The main job, deployed with its schedule to a work pool for which nobody works; the id of the deployment."""
    server.ask("work_pools/", name="idle", type="process")
    schedule = {"schedule": {"interval": 900}, "active": True}
    deployment = server.ask(
        "deployments/",
        name="idle",
        flow_id=server.ask("flows/", name="run")["id"],
        entrypoint="flows.run.run",
        work_pool_name="idle",
        schedules=[schedule],
    )
    yield str(deployment["id"])
    server.ask(f"deployments/{deployment['id']}", "DELETE")
    server.ask("work_pools/idle", "DELETE")


def examined(server: Server) -> str:
    """What the doctor says of the deployments, a line for each finding."""
    return "\n".join(found.line() for found in schedules(PrefectServer(server.url, None), server.url, off=DELIVERIES))


def test_the_doctor_sees_that_no_worker_is_there_and_that_runs_are_late(server: Server, idle: str) -> None:
    """Every command of the set-up said success, no run ever came, and nobody was told."""
    assert "ok       late runs    none" in examined(server)
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": an_hour_ago}}
    late = server.ask(f"deployments/{idle}/create_flow_run", state=state)
    said = examined(server)
    assert "problem  workers      no worker is online in the work pool idle" in said
    assert "prefect worker start --pool idle" in said
    assert f"problem  late runs    1 runs have not begun, the oldest ({late['name']})" in said


def test_the_doctor_sees_that_runs_wait_for_a_run_that_has_gone(server: Server, idle: str) -> None:
    """A server that ended while a run was at work kept its place taken, and every later run waited for ever."""
    hours_ago = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    queued = {"type": "SCHEDULED", "name": "AwaitingConcurrencySlot", "state_details": {"scheduled_time": hours_ago}}
    waiting = server.ask(f"deployments/{idle}/create_flow_run", state=queued)
    assert f"1 runs wait for an earlier run to end, the first ({waiting['name']})" in examined(server)


def test_the_doctor_sees_that_the_scheduler_plans_nothing(
    server: Server, idle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler of Prefect failed at every turn, and the schedules looked as they should."""

    def examined_when_nothing_is_planned() -> str:
        for flow_run in server.ask("flow_runs/filter", deployments={"id": {"any_": [idle]}}):
            server.ask(f"flow_runs/{flow_run['id']}", "DELETE")
        return examined(server)

    server.wait(lambda: "run/idle at 20" in examined(server))
    # this server's scheduler is at work, and plans again what is deleted here
    server.wait(lambda: "no runs of run/idle are planned yet" in examined_when_nothing_is_planned())
    monkeypatch.setattr("flows.command.schedules.JUST_DEPLOYED", timedelta(0))
    server.wait(lambda: "does not plan runs of run/idle" in examined_when_nothing_is_planned())


def test_the_doctor_does_not_take_silence_for_health(server: Server) -> None:
    (said,) = examined(Server(server.home, 9)).splitlines()
    assert said.startswith("problem  schedules ")
    assert "is not known: it does not answer" in said


class Worker:
    """A worker in a folder that holds prefect.yaml and a shop, and nothing of ours."""

    def __init__(self, server: Server, folder: Path, wait: Waiting) -> None:
        self.server = server
        self.folder = folder
        self.wait = wait

    def request(self, **asked: object) -> dict[str, object]:
        return {"home": str(self.folder / "home"), "as_of": AS_OF, **asked}

    def deployment(self, verb: str) -> str:
        (found,) = self.server.ask("deployments/filter", deployments={"name": {"any_": [verb]}})
        return str(found["id"])

    def asked_to(self, verb: str, **asked: object) -> str:
        """A flow run that somebody asked for; its id."""
        path = f"deployments/{self.deployment(verb)}/create_flow_run"
        once = str(uuid4())  # though the answer came late, and it was asked again
        made = self.server.ask(path, parameters={"request": self.request(**asked)}, idempotency_key=once)
        return str(made["id"])

    def state(self, flow_run: str) -> dict[str, Any]:
        return self.server.ask(f"flow_runs/{flow_run}", "GET")["state"] or {"type": None}

    def ended(self, flow_run: str) -> str:
        self.wait(lambda: self.state(flow_run)["type"] in ENDED)
        return str(self.state(flow_run)["type"])

    def log(self, flow_run: str) -> str:
        lines = self.server.ask("logs/filter", logs={"flow_run_id": {"any_": [flow_run]}}, sort="TIMESTAMP_ASC")
        return "\n".join(line["message"] for line in lines)

    def has_published(self) -> None:
        """Runs the main job on the shop, if no test before has."""
        if not Home(self.folder / "home").published_file.exists():
            self.publishes()

    def publishes(self) -> None:
        """Runs the main job on the shop."""
        flow_run = self.asked_to("run", path=str(self.folder / "shop"), max_rejected_share=0.9)
        assert self.ended(flow_run) == "COMPLETED", self.log(flow_run)

    def publications(self) -> int:
        status = self.server.command("status", "--home", self.folder / "home", "--json")
        return int(json.loads(status.stdout)["publications"])


@pytest.fixture(scope="module")
def worker(pool: Server, tmp_path_factory: pytest.TempPathFactory, prepared: Prepare) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("worker")
    prepared(folder / "home")
    write_shop(folder / "shop")
    project = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
    for one in project["deployments"]:
        one.pop("schedules", None)
    (folder / "prefect.yaml").write_text(yaml.safe_dump(project), "utf-8")
    done = pool.run(*PREFECT, "deploy", "--all", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    start = ("worker", "start", "--pool", "shop")
    with prefect_process(*start, environment=pool.talking(), log=folder / "worker.log") as wait:
        yield Worker(pool, folder, wait)


def test_a_schedule_fires_and_the_worker_runs_the_main_job(worker: Worker) -> None:
    """With SQLAlchemy 2.1 the scheduler failed at every turn: all could be deployed, and no run ever came."""
    project = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
    main_job = next(one for one in project["deployments"] if one["name"] == "run")
    soon = datetime.now(UTC) + timedelta(seconds=20)
    main_job["schedules"] = [{"interval": 3600, "anchor_date": soon.isoformat()}]
    main_job["parameters"] = {"request": worker.request(path=str(worker.folder / "shop"), max_rejected_share=0.9)}
    (worker.folder / "prefect.yaml").write_text(yaml.safe_dump(project), "utf-8")
    done = worker.server.run(*PREFECT, "deploy", "--name", "run", folder=worker.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    ended = {"deployment_id": {"any_": [worker.deployment("run")]}, "state": {"type": {"any_": ENDED}}}
    flow_run, *_ = worker.wait(lambda: worker.server.ask("flow_runs/filter", flow_runs=ended))
    assert flow_run["auto_scheduled"]
    assert flow_run["state"]["type"] == "COMPLETED", worker.log(flow_run["id"])
    assert worker.publications() >= 1


def test_the_doctor_sees_the_worker(worker: Worker) -> None:
    worker.wait(lambda: "ok       workers      1 online in the work pool shop" in examined(worker.server))


def test_flows_that_meet_wait_for_their_turn(worker: Worker) -> None:
    """The limits were a deployment's own: a weekly flow that met the main job failed, and was lost for a week."""
    worker.has_published()
    with Home(worker.folder / "home").lock():  # as a run that is at work holds it
        met = worker.asked_to("topics")
        worker.wait(lambda: "Waiting, because another run" in worker.log(met))
    assert worker.ended(met) == "COMPLETED", worker.log(met)


def test_a_cancelled_run_is_cancelled_and_nothing_failed(worker: Worker) -> None:
    """What ends a run by request was logged as a defect: a traceback, and `BuildFailed: dbt: ;`."""
    worker.has_published()
    publications = worker.publications()
    flow_run = worker.asked_to("run", full_refresh=True, max_rejected_share=0.9)
    worker.wait(lambda: "build" in worker.log(flow_run))
    cancelling = {"type": "CANCELLING", "name": "Cancelling"}
    worker.server.ask(f"flow_runs/{flow_run}/set_state", state=cancelling)
    assert worker.ended(flow_run) == "CANCELLED"
    said = worker.log(flow_run)
    assert "Traceback" not in said
    assert "BuildFailed" not in said
    worker.publishes()
    assert worker.publications() == publications + 1  # the cancelled run left the lock, and its work to the next


def test_a_verb_is_the_same_word_everywhere() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    names = {one["name"]: one["entrypoint"] for one in deployments}
    assert names == {verb: f"flows.{verb}.{verb}" for verb in VERBS}


def test_without_an_answering_server_a_command_does_its_work_all_the_same(tmp_path: Path) -> None:
    away = Server(tmp_path / "prefect", 9)
    done = away.command("pull", "--home", tmp_path / "home", "--path", write_shop(tmp_path / "shop"))
    assert done.returncode == 0, done.stderr
    assert "does not answer" in done.stderr
    assert "Loaded" in done.stdout


def is_told(text: str) -> bool:
    """Whether it has a credential of the shop, or both as the shop is sent them."""
    return "canary" in text or base64.b64encode(b"ck_canary:cs_canary").decode() in text


@contextmanager
def watched() -> Iterator[set[str]]:
    """The arguments of all processes, looked at again and again: everybody on a machine can read them."""
    seen, is_over = set[str](), threading.Event()

    def look() -> None:
        while not is_over.wait(0.05):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it has ended meanwhile
                    seen.add(file.read_text("utf-8", "replace"))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        is_over.set()
        looking.join()


def test_a_credential_can_be_a_secret_block(server: Server, tmp_path: Path, prepared: Prepare) -> None:
    blocks = "for name in ('key', 'secret'): Secret(value=f'c{name[0]}_canary').save(f'shop-{name}')"
    made = server.run("-c", f"from prefect.blocks.system import Secret\n{blocks}")
    assert made.returncode == 0, made.stderr
    with FakeWooCommerce() as shop:
        shop.product(1, datetime(2026, 5, 1, tzinfo=UTC))
        settings = f"""
[[accounts]]
account_id = "acme"
timezone = "UTC"
currency = "EUR"
[accounts.sources.woocommerce]
base_url = "{shop.url}"
consumer_key = "block:shop-key"
consumer_secret = "block:shop-secret"
"""
        command = ["run", "--home", prepared(tmp_path / "home"), "--config", tmp_path / "settings.toml", "--json"]
        (tmp_path / "settings.toml").write_text(settings, "utf-8")
        with watched() as commands:
            done = server.command(*command)
        assert done.returncode == 0, done.stderr
        assert any("settings.toml" in one for one in commands)
        assert not [one for one in commands if is_told(one)]
        (pulled,) = json.loads(done.stdout)["pull"]
        assert pulled["rows"] == {"products": 1, "source_counts": 1}  # the shop counts its orders
        assert not is_told(json.dumps([done.stdout, done.stderr, server.ask("logs/filter")]))
        (tmp_path / "settings.toml").write_text(settings.replace("shop-key", "nobody"), "utf-8")
        lacking = server.command(*command)
    assert lacking.returncode == 5, lacking.stderr
    assert "Prefect has no Secret block nobody" in json.loads(lacking.stdout)["unread"][0]["error"]
    kept = {file: file.read_text("utf-8", "replace") for file in server.home.rglob("*") if file.is_file()}
    assert any("shop-secret" in text for text in kept.values())  # the block is there, encrypted
    assert not [file for file, text in kept.items() if is_told(text)]
