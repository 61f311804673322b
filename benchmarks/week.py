"""A week in fast motion under a real Prefect server and worker: a day is what the schedules make of one delivery.

    python benchmarks/week.py [--dir .bench/week] [--conversations 2000]

The main job comes every minute instead of every 15 minutes, compaction and grouping every few minutes. Each day
brings a delivery, and most days a misfortune:

1. nothing, a history is there;
2. the weekly `topics` is asked for while a run is at work;
3. a run is killed (SIGKILL) in the middle of its build;
4. files come in which the account's time zone is a typing error; they are put right after a run has failed;
5. the home is lost, and a backup of day 3 takes its place;
6. the worker and then the server are killed, and started again a while later;
7. nothing new comes, and `topics` has its turn.

Then all files are run once, in another home: all tables that do not tell of a home's own past must hold the same rows.
Writes week.json: what was published when, in seconds from the first delivery, and how the scheduled runs ended. It ends
with 1 where a day did not get its figures or the tables differ.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml
from taken import taken

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("agent-metrics")
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]
SCHEDULES = {"run": 60, "compact": 300, "topics": 420}  # seconds
PATIENCE = 1200
AS_OF = "2026-06-12T00:00:00Z"
KEPT = HERE / "week.json"
# Tables and columns that tell of a home's own past, such as topics, which keep their ids from run to run (rule 1.4)
OF_THE_PAST = ("publications", "segment_changes", "knowledge_gap_")
SINCE_WHEN = ("entered_at", "first_built_at", "rejected_at", "waiting_since")


@dataclass
class Day:
    """What a day brought; seconds from the first delivery on."""

    number: int
    what: str
    began: float
    conversations: int = 0
    published_after: list[float] = field(default_factory=list)  # of this day's publications
    runs: dict[str, int] = field(default_factory=dict)  # how the scheduled runs of the day ended
    seen: str = ""


class Week:
    """A folder with a home, files, a server, a worker and the clock of the week."""

    def __init__(self, folder: Path, conversations: int) -> None:
        self.folder, self.conversations = folder, conversations
        self.home, self.inbox, self.backup = folder / "home", folder / "inbox", folder / "backup.tar.gz"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "AGENT_"))}
        self.environment = clean | {
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": self.url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "DO_NOT_TRACK": "1",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.days: list[Day] = []
        self.began = time.monotonic()

    def now(self) -> float:
        return round(time.monotonic() - self.began, 1)

    # What stands around it

    def start(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*PREFECT, *arguments], env=self.environment, cwd=self.folder, stdout=log, stderr=log
            )

    def start_server(self) -> None:
        self.start("server", "server", "start", "--host", "127.0.0.1", "--port", str(self.port))
        self.wait("the server answers", self.answers)

    def start_worker(self) -> None:
        self.start("worker", "worker", "start", "--pool", "shop")

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def end(self) -> None:
        for process in reversed(self.processes.values()):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()

    def deploy(self) -> None:
        project = yaml.safe_load((HERE.parent / "prefect.yaml").read_text("utf-8"))
        for one in project["deployments"]:
            seconds = SCHEDULES.get(one["name"])
            one["schedules"] = [{"interval": seconds}] if seconds else []
            asked = {"home": str(self.home), "as_of": AS_OF}
            asked |= {"path": str(self.inbox)} if one["name"] == "run" else {}
            asked = {"home": str(self.home)} if one["name"] == "compact" else asked
            one["parameters"] = {"request": asked} if seconds else {}
        (self.folder / "prefect.yaml").write_text(yaml.safe_dump(project), "utf-8")
        for arguments in (("work-pool", "create", "shop", "--type", "process"), ("deploy", "--all")):
            subprocess.run(
                [*PREFECT, *arguments], env=self.environment, cwd=self.folder, check=True, stdout=subprocess.DEVNULL
            )

    # What it asks

    def ask(self, path: str, method: str = "POST", **body: object) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{path}", json.dumps(body).encode(), {"content-type": "application/json"}, method=method
        )
        for _ in range(60):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read() or "null")
            except (urllib.error.URLError, OSError):
                time.sleep(1)
        raise SystemExit(f"the server never answered {path}")

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def wait(self, what: str, seen: Callable[[], Any]) -> Any:
        until = time.monotonic() + PATIENCE
        while not (found := seen()):
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise SystemExit(f"the {name} has ended by itself; its log is {self.folder / name}.log")
            if time.monotonic() > until:
                raise SystemExit(f"day {len(self.days)}: waited {PATIENCE} s in vain until {what}")
            time.sleep(0.2)
        return found

    def status(self) -> dict[str, Any]:
        told = subprocess.run([COMMAND, "status", "--home", self.home, "--json"], capture_output=True, check=False)
        found = json.loads(told.stdout)
        return found if isinstance(found, dict) else {}

    def published(self) -> int:
        """Conversations of the publication; 0 before the first one."""
        told = self.status().get("published")
        return int(told["row_counts"]["conversations"]) if told else 0

    def runs(self, state: str, name: str = "run") -> list[dict[str, Any]]:
        """Flow runs of a deployment that are in a state, the newest first."""
        (deployment,) = self.ask("deployments/filter", deployments={"name": {"any_": [name]}})
        asked = {"deployment_id": {"any_": [deployment["id"]]}, "state": {"type": {"any_": [state]}}}
        return list(self.ask("flow_runs/filter", flow_runs=asked, sort="START_TIME_DESC", limit=200))

    def endings(self) -> Counter[str]:
        states = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        return Counter({one: len(self.runs(one)) for one in states})

    # What the days bring

    @contextmanager
    def day(self, what: str) -> Iterator[Day]:
        day = Day(len(self.days) + 1, what, self.now())
        self.days.append(day)
        known, ended = {one["publication_id"] for one in self.status().get("history", [])}, self.endings()
        began = time.time()
        print(f"{day.began:7.1f} s  day {day.number}: {what}", flush=True)
        yield day
        day.conversations = self.published()
        for one in self.status().get("history", []):
            if one["publication_id"] not in known:
                at = datetime.fromisoformat(one["published_at"]).timestamp()
                day.published_after.append(round(max(0.0, at - began), 1))
        day.runs = dict(self.endings() - ended)
        print(f"           {day.conversations} conversations; {day.runs}; {day.seen}", flush=True)

    def deliver(self, number: int) -> None:
        """Put the files of a day into the inbox, a folder for each table; 0 is the history."""
        out = self.folder / "made" / str(number)
        command = [sys.executable, HERE / "generate.py", "--conversations", str(self.conversations), "--out", out]
        command += ["--delivery", str(number)] if number else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for file in sorted(one for one in out.rglob("*") if one.is_file()):
            table = self.inbox / file.relative_to(out).parts[0].partition(".")[0]
            table.mkdir(exist_ok=True)
            shutil.copy(file, table / f"day-{number}-{file.name}")

    def more(self, than: int) -> int:
        """Waits until more conversations are published than there were; how many."""
        return int(self.wait("more is published", lambda: (found := self.published()) > than and found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(".bench/week"))
    parser.add_argument("--conversations", type=int, default=2000)
    given = parser.parse_args()
    folder = given.dir.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "inbox").mkdir(parents=True)
    week = Week(folder, given.conversations)
    try:
        live(week)
    finally:
        week.end()
    differing = compare(week)
    for day in week.days:
        print(f"day {day.number}: {day.what}; {day.conversations} conversations; published after {day.published_after}")
    found = {"taken": taken(), "conversations": given.conversations, "schedules": SCHEDULES}
    found |= {"days": [asdict(day) for day in week.days], "tables that differ from one run over all files": differing}
    KEPT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    sys.exit(1 if differing else 0)


def live(week: Week) -> None:
    week.start_server()
    week.deploy()
    week.start_worker()
    with week.day("a history"):
        week.deliver(0)
        week.more(0)
    for live_through in (meet, killed, misspelt, lost, restarted, quiet):
        live_through(week)


def meet(week: Week) -> None:
    with week.day("topics is asked for while a run is at work") as day:
        before = week.published()
        week.deliver(1)
        week.wait("a run is at work", lambda: week.runs("RUNNING"))
        (topics,) = week.ask("deployments/filter", deployments={"name": {"any_": ["topics"]}})
        asked = week.ask(f"deployments/{topics['id']}/create_flow_run")
        week.more(before)
        day.seen = f"topics {week.wait('topics ended', lambda: ended(week, asked['id']))}"


def killed(week: Week) -> None:
    with week.day("a run is killed in its build") as day:
        before = week.published()
        week.deliver(2)
        day.seen = f"killed process {week.wait('a build', lambda: kill_the_build(week))}"
        week.more(before)
        back_up(week)


def misspelt(week: Week) -> None:
    with week.day("the time zone of the account is a typing error, and is put right later") as day:
        before, failed = week.published(), len(week.runs("FAILED"))
        file = week.inbox / "accounts" / "day-3.jsonl"
        file.write_text(accounts(week, timezone="Europe/Lisboa"), "utf-8")
        week.deliver(3)
        week.wait("a run fails", lambda: len(week.runs("FAILED")) > failed)
        day.seen = f"{week.published() - before} conversations more while the gate was closed; "
        day.seen += week.runs("FAILED")[0]["state"]["message"].replace(f"{week.folder}/", "")
        file.write_text(accounts(week), "utf-8")
        week.more(before)


def lost(week: Week) -> None:
    with week.day("the home is lost; the backup of day 3 comes back") as day:
        before = week.published()
        week.kill("worker")
        week.wait("nothing is at work", lambda: not runs_of_the_job(week))
        shutil.rmtree(week.home)
        week.home.mkdir(mode=0o700)
        subprocess.run(["tar", "--extract", "--gzip", "--file", week.backup, "--directory", week.home], check=True)
        day.seen = f"{week.published()} conversations at once"
        week.deliver(4)
        week.start_worker()
        week.more(before)


def restarted(week: Week) -> None:
    with week.day("worker and server are killed, and started again later"):
        before = week.published()
        week.wait("a run is at work", lambda: week.runs("RUNNING"))
        week.kill("worker")
        week.kill("server")
        time.sleep(2 * SCHEDULES["run"])
        week.deliver(5)
        week.start_server()
        week.start_worker()
        week.more(before)


def quiet(week: Week) -> None:
    with week.day("nothing new"):
        done = len(week.runs("COMPLETED"))
        week.wait("three runs are over", lambda: len(week.runs("COMPLETED")) >= done + 3)


def ended(week: Week, flow_run: str) -> str | None:
    state = str(week.ask(f"flow_runs/{flow_run}", "GET")["state"]["type"])
    return state if state in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else None


def runs_of_the_job(week: Week) -> list[int]:
    """Processes of flows that this week started: they have its Prefect home."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            is_flow = entry.name.isdigit() and b"prefect.engine" in (entry / "cmdline").read_bytes()
            if is_flow and str(week.folder).encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def kill_the_build(week: Week) -> int | None:
    """The process of a run that is building: there is a candidate which does not say yet of what it is made."""
    candidate = week.home / "candidate"
    if not (candidate / "work.duckdb").exists() or (candidate / "build.json").exists():
        return None
    for process in runs_of_the_job(week):
        os.kill(process, signal.SIGKILL)
        return process
    return None


def accounts(week: Week, **first: str) -> str:
    """The file of accounts, with other values for the first of them."""
    rows = [
        json.loads(line) for line in (week.inbox / "accounts" / "day-0-accounts.jsonl").read_text("utf-8").splitlines()
    ]
    return "".join(json.dumps(one) + "\n" for one in ({**rows[0], **first}, *rows[1:]))


def back_up(week: Week) -> None:
    """As docs/operations.md says."""
    tar = f"tar --create --format=posix --gzip --file {week.backup}"
    tar += " --exclude ./candidate --exclude ./dbt --exclude './*.lock' ."
    subprocess.run(["sh", "-c", f"flock -w 600 run.lock flock -w 600 compact.lock {tar}"], cwd=week.home, check=True)


def compare(week: Week) -> list[str]:
    """Tables whose rows are others than after one run over all files in another home."""
    other = week.folder / "at once"
    options = ["--home", other, "--path", week.inbox, "--as-of", AS_OF]
    subprocess.run([COMMAND, "run", *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with duckdb.connect() as connection:
        for name, home in (("lived", week.home), ("once", other)):
            connection.execute(f"attach '{home / 'warehouse.duckdb'}' as {name} (read_only)")
        names = "select table_name from duckdb_tables() where database_name = 'once' and schema_name = 'metrics'"
        tables = connection.execute(names).fetchall()
        differing = []
        for (table,) in sorted(tables):
            rows = f"select columns(name -> name not in {SINCE_WHEN})"
            lived, once = f"{rows} from lived.metrics.{table}", f"{rows} from once.metrics.{table}"
            sides = f"({lived} except all {once}) union all ({once} except all {lived})"
            if not table.startswith(OF_THE_PAST) and connection.execute(f"{sides} limit 1").fetchall():
                differing.append(table)
    return differing


if __name__ == "__main__":
    main()
