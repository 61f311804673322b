"""The command: exit status, what goes to stdout and what to stderr, and the whole way from files to a report."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest

from flows.command.console import Console
from flows.command.main import main
from flows.engines import statements
from flows.ground.errors import AgentMetricsError, InputError, SourceUnavailable
from flows.ground.home import Home
from flows.jobs import Unread, pull, run, steps
from flows.jobs.calls import directly
from flows.settings.requests import RunRequest

P = ParamSpec("P")
T = TypeVar("T")
COMMAND = [sys.executable, "-m", "flows.command"]
AS_OF = "2026-06-07T12:00:00Z"
SHOP = {
    "accounts.jsonl": '{"account_id": "a", "name": "\\u001b[31mred", "timezone": "Europe/Berlin", "currency": "EUR"}\n',
    "conversations.jsonl": (
        '{"account_id":"a","conversation_id":"c1","channel":"web_chat","created_at":"2026-06-01T10:00:00Z","txet":1}\n'
        '{"account_id":"a","conversation_id":"c2","channel":"web_chat","created_at":"2026-06-02T10:00:00Z"}\n'
    ),
    "messages.csv": (
        "account_id,message_id,conversation_id,sender,sent_at,text\n"
        "a,m1,c1,visitor,2026-06-01T10:00:00Z,Hello?\n"
        "a,m2,c1,agent,2026-06-01T10:00:10Z,Yes\n"
        "a,m3,c2,visitor,2026-06-02T10:00:00Z,Where?\n"
        "a,m4,later,visitor,2026-06-02T10:00:00Z,Held back\n"
    ),
}
REFUSED = "a,m5,c2,visitor,\x1b[31mnever,No such time\na,m6,c2,\x1b[31mvisitr,2026-06-02T10:00:00Z,New to us\n"


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, and no variable that the machine may have."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("AGENT_METRICS_") or name == "PREFECT_API_URL":
            monkeypatch.delenv(name)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock is not set to UTC."""
    with monkeypatch.context() as machine:
        machine.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


# Signs that mean something in SQL, in patterns of files, in URLs or in dbt's templates.
ODD = """-we%20ird;o'e {k,l} {{x}} ] "$é日 &=~@!\\:"""


def write_shop(folder: Path, extra_messages: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in SHOP.items():
        (folder / name).write_text(text + (extra_messages if name == "messages.csv" else ""), "utf-8")
    return folder


def command(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """`agent-metrics` as a process of its own."""
    texts = [*COMMAND, *(str(argument) for argument in arguments)]
    return subprocess.run(texts, capture_output=True, text=True, timeout=300, check=False, **options)


def run_shop(home: Path, shop: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return command("run", "--home", home, "--source", "files", "--path", shop, "--as-of", AS_OF, *more)


def run_here(
    capsys: pytest.CaptureFixture[str], home: Path, shop: Path, *more: object
) -> subprocess.CompletedProcess[str]:
    """The same as `run_shop` in this process, which has imported already what takes seconds to import."""
    capsys.readouterr()
    arguments = [
        str(one) for one in ("run", "--home", home, "--source", "files", "--path", shop, "--as-of", AS_OF, *more)
    ]
    status = main(arguments)
    said = capsys.readouterr()
    return subprocess.CompletedProcess(arguments, status, said.out, said.err)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, subprocess.CompletedProcess[str]]:
    """A home with one publication, its shop, and what the command said."""
    folder = tmp_path_factory.mktemp("first")
    shop = write_shop(folder / "shop")
    home = folder / ODD / "home"
    return home, shop, run_shop(home, shop, "--json")


@pytest.fixture
def home(first: tuple[Path, Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> Path:
    """A copy of the home with one publication; the candidate in it is the published one."""
    assert first[2].returncode == 0, first[2].stderr
    return shutil.copytree(first[0], tmp_path / "home")


@pytest.fixture
def shop(first: tuple[Path, Path, subprocess.CompletedProcess[str]]) -> Path:
    return first[1]


def test_a_first_run_publishes_and_says_what_it_did(
    first: tuple[Path, Path, subprocess.CompletedProcess[str]],
) -> None:
    home, _, done = first
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)  # one document and nothing else on stdout
    assert (said["outcome"], said["exit_status"]) == ("published", 0)
    assert said["pull"][0]["rows"] == {"accounts": 1, "conversations": 2, "messages": 4}
    assert said["pull"][0]["ignored_columns"] == {"conversations": ["txet"]}
    assert said["build"]["held_back"]["messages"] == 1
    assert said["check"]["is_open"]
    assert said["check"]["passed"] > 0
    assert said["publication"]["as_of"] == AS_OF
    assert said["rejected_share"] == 0
    assert Home(home).published_file.exists()
    assert "pull" in done.stderr  # progress as lines where no terminal is


def test_a_second_run_with_nothing_new_publishes_nothing(
    home: Path, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Home(home).published_file.stat().st_ino
    done = run_here(capsys, home, shop)
    assert done.returncode == 0, done.stderr
    assert "nothing new" in done.stdout
    assert "Ignored" not in done.stdout
    assert Home(home).published_file.stat().st_ino == before


def test_report_and_status_read_what_is_published(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dates = ["--account", "a", "--from", "2026-06-01", "--to", "2026-06-07"]
    assert main(["report", "--home", str(home), *dates, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["volume"] == 2
    assert main(["report", "--home", str(home), *dates]) == 0
    out = capsys.readouterr().out
    assert "web_chat" in out
    assert "\x1b" not in out  # the account's name steers no terminal
    assert main(["status", "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["publications"] == 1
    assert main(["status", "--home", str(home)]) == 0
    assert "Published" in capsys.readouterr().out


def test_a_closed_gate_exits_3_shows_the_rows_and_leaves_the_publication(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Home(home).published_file.stat().st_ino
    bad = write_shop(tmp_path / "bad", REFUSED)
    (bad / "orders.jsonl").write_text(
        '{"account_id": "a", "order_id": "o1", "placed_at": "2026-06-01T10:00:00Z", "currency": "USD"}\n', "utf-8"
    )
    done = run_here(capsys, home, bad)
    assert done.returncode == 3, done.stderr
    assert "Refused    1 row (messages 1)" in done.stdout
    assert "sender is new to us: " in done.stdout
    assert "Refused    1 order in another currency" in done.stdout  # only `status` told of what the build refuses
    assert "orders o1 of a: currency: USD is not the account's currency EUR" in done.stdout
    assert json.loads(Home(home).build_file.read_text("utf-8"))["refused_orders"] == 1
    assert "rejected_rows are few" in done.stdout
    assert "select" in done.stdout
    assert str(Home(home).check_page) in done.stdout
    assert "the gate is closed" in done.stderr
    assert "--max-rejected-share 1 publishes it once" in done.stderr  # a mended row leaves the refused one refused
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert Home(home).published_file.stat().st_ino == before
    assert Home(home).check_page.read_text("utf-8").lstrip().lower().startswith("<!doctype html")

    assert main(["publish", "--home", str(home), "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert (said["error"]["kind"], said["exit_status"]) == ("GateClosed", 3)

    again = run_here(capsys, home, bad, "--json", "--max-rejected-share", "0.5")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["outcome"] == "published"

    # going back holds further publications until somebody resumes
    assert main(["rollback", "--home", str(home)]) == 0
    assert f"agent-metrics publish --resume --home {home}" in capsys.readouterr().out
    held = run_here(capsys, home, bad, "--max-rejected-share", "0.5")
    assert held.returncode == 0, held.stderr
    assert "PUBLICATIONS ARE HELD" in held.stdout
    assert "agent-metrics publish --resume" in held.stdout
    assert main(["publish", "--resume", "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "published"


def test_a_home_at_which_another_run_is_at_work_is_left_alone(home: Path, shop: Path) -> None:
    with Home(home).lock():
        done = run_shop(home, shop, "--json")
    assert done.returncode == 4
    said = json.loads(done.stdout)
    assert said["error"]["kind"] == "HomeBusy"
    assert str(os.getpid()) in said["error"]["message"]


def test_a_source_that_cannot_be_read_does_not_keep_the_rest_from_going_on(home: Path, shop: Path) -> None:
    def call(step: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> T:
        if step is steps.pull:
            raise SourceUnavailable("the share went away")
        return step(*arguments, **options)

    result = run(RunRequest(home=str(home), path=str(shop), as_of=AS_OF), call)
    assert result.exit_status == 5
    assert result.publication  # the steps after it did their work
    assert result.unread == [Unread("files", "the share went away")]
    with pytest.raises(SourceUnavailable):  # with an empty lake there is nothing to go on with
        run(RunRequest(home=str(home / "empty"), path=str(shop)), call)
    assert pull(RunRequest(home=str(home), path=str(shop)), call).exit_status == 5


def test_only_what_may_pass_by_itself_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.jobs.calls.RETRY_DELAYS", [0, 0, 0])
    tries: list[AgentMetricsError] = []

    def step(error: AgentMetricsError, successes_after: int) -> str:
        tries.append(error)
        if len(tries) > successes_after:
            return "done"
        raise error

    assert directly(step, SourceUnavailable("gone"), 3) == "done"
    assert len(tries) == 4
    tries.clear()
    with pytest.raises(SourceUnavailable):
        directly(step, SourceUnavailable("gone"), 9)
    assert len(tries) == 4
    tries.clear()
    with pytest.raises(InputError):
        directly(step, InputError("wrong"), 9)
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["run", "--nonsense"], "No such option"),
        (["report", "--account", "a"], "Missing option '--from'"),
        (["run"], "no source is configured"),
        (["run", "--source", "magento"], "there is no source 'magento'; known are: files, shopify"),
        (["run", "--source", "files"], "the source 'files' has no settings; give --path"),
        (["run", "--path", "nowhere"], "there is no such folder"),
        (["run", "--path", "x" * 300], "is too long for a path"),
        (["run", "--path", ".", "--config", "x" * 300], "the settings file cannot be read (File name too long)"),
        *[(["run", "--path", ".", "--home", f"a{sign}b"], ascii(sign)) for sign in "?#*[\udcff"],
        (["status", "--home", "we?ird"], "the path has '?', which DuckDB or dbt do not take for a part of a name"),
        (["run", "--path", ".", "--home", "x" * 300], "is not a folder that can be written to (File name too long)"),
        (["run", "--path", ".", "--home", "x/" * 1600], "bytes, of which 3,000 may be; name another folder"),
        (["run", "--path", ".", "--as-of", "yesterday"], "option --as-of: 'yesterday' is not an instant"),
        (["run", "--path", ".", "--as-of", "0001-01-01T00:00:00+14:00"], "is not an instant"),
        (["run", "--path", ".", "--max-rejected-share", "2"], "--max-rejected-share"),
        (["run", "--path", ".", "--config", "nowhere.toml"], "there is no such settings file"),
        (
            ["report", "--account", "a", "--from", "1 June", "--to", "2026-06-01"],
            "option --from: '1 June' is not a date",
        ),
        (["report", "--account", "a", "--from", "2026-06-01", "--to", "2026-06-01"], "nothing is published yet"),
        (["check"], "no complete build"),
        (["publish"], "no complete candidate"),
        (["rollback"], "nothing is published yet"),
    ],
)
def test_a_mistake_of_the_user_is_one_sentence_and_exit_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = [line for line in said.err.splitlines() if not line.startswith("pull")]
    assert line.startswith("Error: ")
    assert sentence in line
    assert main([*arguments, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["exit_status"] == 2
    assert sentence in document["error"]["message"]


def test_the_traceback_is_for_those_who_debug(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    broken = ["pull", "--path", ".", "--home", str(tmp_path / "file")]
    assert main(broken) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert main([*broken, "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_as_of_without_an_offset_is_utc_and_a_date_is_its_first_instant(elsewhere: None) -> None:
    assert RunRequest(as_of="2026-06-07").instant().isoformat() == "2026-06-07T00:00:00+00:00"
    assert RunRequest(as_of="2026-06-07T12:00").instant().isoformat() == "2026-06-07T12:00:00+00:00"
    assert RunRequest(as_of="2026-06-07T12:00-03:00").instant().isoformat() == "2026-06-07T15:00:00+00:00"


HEAVY = (
    "altair dbt dlt great_expectations marimo numpy pandas prefect pyarrow scipy sklearn sqlalchemy starlette uvicorn "
    "wordllama"
)


def test_commands_that_only_read_import_nothing_heavy(home: Path) -> None:
    """Their answer took seconds, most of them for what only a run, the page or a server needs."""
    dates = ["--account", "a", "--from", "2026-06-01", "--to", "2026-06-02"]
    commands = [["--help"], ["status"], ["report", *dates], ["topics", "list"], ["rows", "waiting"]]
    code = (
        "import sys; from flows.command.main import main\n"
        f"for command in {commands!r}:\n"
        f"    assert main([*command, *(() if command == ['--help'] else ('--home', {str(home)!r}))]) == 0\n"
        f"heavy = set({HEAVY!r}.split()) & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_help_and_version_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Usage: agent-metrics" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("agent-metrics 0.")


def test_a_reader_that_leaves_early_is_no_error(home: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    arguments = [*COMMAND, "status", "--home", str(home)]
    done = subprocess.run(arguments, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_ends_a_run_with_one_line_and_130(home: Path, tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "more", "a,m6,c1,visitor,2026-06-03T10:00:00Z,Again\n")
    arguments = [*COMMAND, "run", "--home", str(home), "--path", str(shop), "--as-of", AS_OF]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("pull")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "Error: interrupted; the last publication stands"
    assert json.loads(command("status", "--home", home, "--json").stdout)["publications"] == 1


def test_a_relative_home_keeps_everything_under_it(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dbt works inside its project: a relative path of ours must not be taken from there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(statements, "_known", {})  # so that dbt works, whatever this process has built before
    assert main(["run", "--home", "near", "--path", str(shop)]) == 0
    assert (tmp_path / "near" / "dbt" / "duckdb").is_dir()


def test_ctrl_c_that_a_library_swallowed_counts_at_the_next_step() -> None:
    before = signal.getsignal(signal.SIGINT)
    console = Console(as_json=False, is_debugging=False)
    with console.working() as progress:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            progress.start("build")
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_that_a_library_made_an_error_of_is_no_error_of_ours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def query(*_: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None

    monkeypatch.setattr("flows.jobs.steps.pull", query)
    assert main(["pull", "--home", "home", "--path", "."]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "Error: interrupted; the last publication stands"


@pytest.mark.parametrize("ending", ["while True: wait()", "threading.Thread(target=wait_for_ever).start(); raise"])
def test_ctrl_c_ends_work_that_does_not_end_by_itself(tmp_path: Path, ending: str) -> None:
    """Once in a while dbt waited for ever for a thread of its own, and the home stayed locked."""
    script = tmp_path / "stubborn.py"
    script.write_text(
        f"""
import sys, threading, time
from flows.command.main import script
from flows.ground import interrupts
from flows.jobs import steps
interrupts.PATIENCE = 0.5
def wait_for_ever():
    while True:
        time.sleep(0.1)
def wait():
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
def pull(*_):
    print("at work", file=sys.stderr, flush=True)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        {ending}
steps.pull = pull
script()
""",
        "utf-8",
    )
    arguments = [sys.executable, str(script), "pull", "--home", str(tmp_path / "home"), "--path", str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline() == "at work\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "Error: interrupted; the last publication stands\n")


@pytest.mark.parametrize("obstacle", ["a file", "below a file", "no permission"])
def test_a_home_that_cannot_be_written_is_a_mistake_of_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], obstacle: str
) -> None:
    """It was exit status 1, as if something had broken, where `doctor` says 2."""
    (tmp_path / "file").write_text("", "utf-8")
    home = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "home",
        "no permission": Path("/proc/home"),
    }
    assert main(["run", "--home", str(home[obstacle]), "--path", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "is not a folder that can be written to" in said
    assert "give another --home, or its permissions" in said


def test_an_empty_folder_is_not_a_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder in which nothing is was built and published for half a minute, with exit status 0."""
    (tmp_path / "shop").mkdir()
    assert main(["run", "--home", str(tmp_path / "home"), "--path", str(tmp_path / "shop")]) == 2
    assert "nothing has been delivered yet" in capsys.readouterr().err
    assert not (tmp_path / "home" / "candidate").exists()


def test_accounts_alone_are_not_a_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with accounts.csv alone was published, with one warning and exit status 0."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "accounts.csv").write_text("account_id,timezone,currency\na,UTC,EUR\n", "utf-8")
    assert main(["run", "--home", str(tmp_path / "home"), "--path", str(tmp_path / "shop")]) == 3
    assert "a first publication would be empty" in capsys.readouterr().err
    assert not (tmp_path / "home" / "warehouse.duckdb").exists()


@pytest.mark.parametrize("words", [["run", "--path", "nowhere"], ["check"], ["publish"]])
def test_a_run_that_refuses_to_start_leaves_nothing_behind(tmp_path: Path, words: list[str]) -> None:
    """A home with `run.lock` alone stayed where no home was."""
    assert main([*words, "--home", str(tmp_path / "new" / "home")]) == 2
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old").mkdir()
    assert main([*words, "--home", str(tmp_path / "old")]) == 2
    assert (tmp_path / "old").exists()


def test_a_first_run_whose_sources_all_refuse_publishes_nothing_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended with 5 and spoke of a publication, where nothing had come and nothing was published."""
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    head = '[[accounts]]\naccount_id = "a"\ntimezone = "UTC"\ncurrency = "EUR"\n'
    sources = '[accounts.sources.klaviyo]\napi_key = "env:NO_SUCH_KEY"\n'
    (tmp_path / "settings.toml").write_text(head + sources, "utf-8")
    assert main(["run", "--home", str(tmp_path / "home"), "--config", str(tmp_path / "settings.toml")]) == 5
    said = capsys.readouterr()
    assert "NO_SUCH_KEY is not set" in said.err
    assert "ublished" not in said.out + said.err
    assert not (tmp_path / "home" / "candidate").exists()


def test_a_home_is_readable_by_its_owner_only(home: Path, shop: Path, tmp_path: Path) -> None:
    """Under the usual umask every account of the machine could read what shoppers had written."""
    before = os.umask(0o022)
    try:
        assert main(["pull", "--home", str(tmp_path / "home"), "--path", str(shop)]) == 0
    finally:
        os.umask(before)
    made = [tmp_path / "home", *(tmp_path / "home").rglob("*"), *home.rglob("*")]
    assert len(made) > 10
    assert [file for file in made if file.exists() and file.stat().st_mode & 0o077] == []
