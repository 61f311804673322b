"""The main job and the commands on a warehouse in Postgres, beside the DuckDB file and alone."""

from __future__ import annotations

import json
import os
import random
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flows import jobs
from flows.command.main import main
from flows.ground.address import Address
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.settings.requests import RunRequest
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres, connection
from tests.reference.deliveries import merged, random_deliveries, write_load
from tests.reference.shops import AS_OF, random_shop
from tests.warehouses.on_postgres import contents
from tests.warehouses.servers import ENCODED, PASSWORD
from tests.warehouses.test_postgres_interrupted import locked

SHOP = {
    "accounts.jsonl": '{"account_id": "a", "timezone": "Europe/Berlin", "currency": "EUR"}\n',
    "conversations.jsonl": (
        '{"account_id":"a","conversation_id":"c1","channel":"web_chat","created_at":"2026-06-01T10:00:00Z"}\n'
    ),
    "messages.csv": (
        "account_id,message_id,conversation_id,sender,sent_at,text\n"
        "a,m1,c1,visitor,2026-06-01T10:00:00Z,Hello?\na,m2,c1,agent,2026-06-01T10:00:10Z,Yes\n"
    ),
}
DATES = ["--account", "a", "--from", "2026-06-01", "--to", "2026-06-01"]


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENT_METRICS_", "PG")) or name == "PREFECT_API_URL":
            monkeypatch.delenv(name)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in SHOP.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """What a command that succeeds says with --json."""
    capsys.readouterr()
    assert main([*(str(argument) for argument in arguments), "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def one_more_message(shop: Path) -> None:
    """Without it the next run finds nothing new and publishes nothing."""
    with (shop / "messages.csv").open("a", encoding="utf-8") as messages:
        messages.write("a,m3,c1,visitor,2026-06-01T10:01:00Z,Thanks\n")


def _ageless(status: dict[str, Any]) -> dict[str, Any]:
    """What stands there; how old it is depends on when one asks."""
    return {name: value for name, value in status["published"].items() if name != "age_seconds"}


def test_random_deliveries_stand_in_postgres_as_in_the_file(home: Home, url: str, tmp_path: Path) -> None:
    """Small deliveries go by the build's changed sets, a full refresh by whole tables: both leave the same rows."""
    rng = random.Random(7)
    loads = merged(random_deliveries(rng, random_shop(rng, f"shop {number}")) for number in range(12))
    file, postgres = DuckDBFile(home), Postgres(home, Address.of(url))
    sent = []
    for number, load in enumerate(loads):
        write_load(tmp_path / str(number), load, rng)
        as_of = (AS_OF - timedelta(hours=len(loads) - number)).isoformat()
        ask = RunRequest(home=str(home.root), path=str(tmp_path / str(number)), as_of=as_of, max_rejected_share=1.0)
        asked = RunRequest(**{**ask.model_dump(), "max_volume_drop": 1.0, "warehouse": ["duckdb", url]})
        result = jobs.run(asked)
        assert result.outcome == "published"
        assert contents(postgres) == contents(file)
        sent.append(result.warehouses[1].sent)
    assert [one and one.is_whole for one in sent] == [True] + [False] * (len(loads) - 1)
    again = RunRequest(**{**asked.model_dump(), "path": None, "full_refresh": True})
    result = jobs.run(again)
    rebuilt = result.warehouses[1].sent
    assert rebuilt is not None
    assert rebuilt.rows == 1  # the publication's own: a rebuild says the same
    assert contents(postgres) == contents(file)


def test_an_empty_database_that_comes_later_is_said_to_have_caught_up(
    home: Home, url: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said that there was nothing new, and that it sent everything."""
    at = ["--home", str(home.root)]
    told(capsys, "run", *at, "--path", shop, "--as-of", "2026-06-07")
    assert main(["publish", *at, "--warehouse", "duckdb", "--warehouse", url]) == 0
    said = capsys.readouterr().out
    assert f"Caught up  {url}; the publication itself is not new\n" in said
    assert "everything, to" in said
    assert "nothing new" not in said
    assert main(["publish", *at, "--warehouse", "duckdb", "--warehouse", url]) == 0
    assert "nothing new" in capsys.readouterr().out


def test_commands_read_postgres_as_they_read_the_file(
    home: Home, url: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at, both = ["--home", home.root], ["--warehouse", "duckdb", "--warehouse", url]
    run = told(capsys, "run", *at, "--path", shop, "--as-of", "2026-06-07", *both)
    assert [one["warehouse"] for one in run["warehouses"]] == [str(home.published_file), url]
    one_more_message(shop)
    told(capsys, "run", *at, "--path", shop, "--as-of", "2026-06-08", *both)
    assert told(capsys, "report", *at, "--warehouse", url, *DATES) == told(capsys, "report", *at, *DATES)

    on_file, on_postgres = (told(capsys, "status", *at, *one) for one in ([], ["--warehouse", url]))
    assert _ageless(on_file) == _ageless(on_postgres)
    gone_back = told(capsys, "rollback", *at, *both)["publication"]
    assert told(capsys, "status", *at, "--warehouse", url)["is_held"]
    assert _ageless(told(capsys, "status", *at)) == _ageless(told(capsys, "status", *at, "--warehouse", url))
    assert gone_back["as_of"] == "2026-06-07T00:00:00Z"
    assert told(capsys, "publish", *at, *both, "--resume")["outcome"] == "published"
    findings = told(capsys, "doctor", *at, *both)["findings"]
    published = [one for one in findings if one["check"] == "published"]
    assert [one["outcome"] for one in published] == ["ok", "ok"]
    assert url in published[1]["what"]


def test_postgres_alone_needs_no_file(home: Home, url: str, shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = ["--home", home.root, "--warehouse", url]
    told(capsys, "run", *there, "--path", shop, "--as-of", "2026-06-07")
    one_more_message(shop)
    second = told(capsys, "run", *there, "--path", shop, "--as-of", "2026-06-08")
    assert second["outcome"] == "published"
    assert second["build"]["mode"] == "incremental"
    assert not home.published_file.exists()
    assert told(capsys, "report", *there, *DATES)["volume"] == 1
    assert told(capsys, "check", *there)["exit_status"] == 0


def test_a_run_that_reached_one_of_two_says_so_and_the_next_catches_up(
    home: Home, url: str, shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.jobs.calls.RETRY_DELAYS", [])
    job = ["run", "--home", str(home.root), "--path", str(shop), "--warehouse", "duckdb", "--warehouse", url]
    assert main([*job, "--as-of", "2026-06-07"]) == 0
    monkeypatch.setitem(connection.LOCAL, "lock_timeout", "100ms")
    with locked(Address.of(url), "conversations"):
        more = '{"account_id":"a","conversation_id":"c2","channel":"sms","created_at":"2026-06-02T10:00:00Z"}\n'
        (shop / "conversations.jsonl").write_text(SHOP["conversations.jsonl"] + more, "utf-8")
        (shop / "messages.csv").write_text(SHOP["messages.csv"] + "a,m3,c2,visitor,2026-06-02T10:00:00Z,Hi\n", "utf-8")
        capsys.readouterr()
        assert main([*job, "--as-of", "2026-06-08"]) == 1
    said = capsys.readouterr()
    assert "the next run catches it up" in said.out
    assert "Traceback" not in said.err
    assert main(["status", "--home", str(home.root), "--warehouse", "duckdb", "--warehouse", url]) == 0
    assert "BEHIND" in capsys.readouterr().out
    assert main([*job, "--as-of", "2026-06-08"]) == 0
    assert contents(Postgres(home, Address.of(url))) == contents(DuckDBFile(home))


def test_init_makes_the_roles_and_the_writer_runs(
    home: Home, guarded: str, shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {kind: f"cli_{kind}" for kind in ("writer", "reader", "limited_reader")}
    for kind in names:
        monkeypatch.setenv(f"AGENT_METRICS_{kind.upper()}_PASSWORD", f"canary-{kind}")
    monkeypatch.setenv("AGENT_METRICS_WAREHOUSE", guarded)
    options = [word for kind, name in names.items() for word in (f"--{kind.replace('_', '-')}", name)]
    init = told(capsys, "warehouse", "init", *options, "--account", "a")
    assert (
        "cli_limited_reader reads everything but texts, contact data and refused rows, of the account a alone"
        in str(init)
    )
    assert "canary" not in str(init)
    place = guarded.partition("@")[2]
    monkeypatch.setenv("PGPASSWORD", "canary-writer")
    monkeypatch.delenv("AGENT_METRICS_WAREHOUSE")
    writer = ["--home", home.root, "--warehouse", f"postgresql://cli_writer@{place}"]
    told(capsys, "run", *writer, "--path", shop, "--as-of", "2026-06-07")
    monkeypatch.setenv("PGPASSWORD", "canary-limited_reader")
    limited = ["--home", home.root, "--warehouse", f"postgresql://cli_limited_reader@{place}"]
    assert told(capsys, "report", *limited, *DATES)["volume"] == 1
    told(capsys, "status", *limited)
    assert main([*map(str, ("warehouse", "init", "--warehouse", "duckdb"))]) == 2
    assert "exactly one warehouse in Postgres" in capsys.readouterr().err


CANARY = "canary"


def test_a_password_shows_nowhere(
    home: Home,
    guarded: str,
    shop: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in outputs and not in files of the home; with --debug, right and wrong. Options refuse passwords."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{unused.getsockname()[1]}"
    place = guarded.partition("@")[2]
    settings = tmp_path / "settings.toml"
    settings.write_text(f'warehouse = "{guarded}"\n', "utf-8")
    job = ["run", "--home", home.root, "--path", shop, "--as-of", "2026-06-07", "--debug"]
    report = ["report", "--home", home.root, *DATES]
    tries: list[tuple[int, list[object], str | None]] = [
        (2, [*job, "--warehouse", guarded, "--warehouse", "duckdb"], None),
        (2, [*job, "--warehouse", f"postgresql://postgres:{PASSWORD}@x@{place}"], None),
        (2, [*job, "--config", settings], None),
        (0, job, f'["{guarded}", "duckdb"]'),
        (1, job, guarded.replace("s3cret", "wr0ng")),
        (1, report, f"postgresql://postgres:{ENCODED}@{nobody}/shop"),
        (2, job, f"postgresql://postgres:{ENCODED}@{place}?nonsense=1"),
        (0, ["status", "--home", home.root, "--json", "--debug"], guarded),
        (1, ["status", "--home", home.root, "--debug"], guarded.replace("s3", "s4")),
        (1, ["doctor", "--home", home.root, "--debug"], f'["{guarded}x", "duckdb"]'),
        (2, ["status", "--home", home.root], f'["{guarded}'),
        (1, report, f"{guarded}x"),
        (2, ["warehouse", "init", "--reader", "postgres"], guarded),
    ]
    for status, arguments, warehouse in tries:
        with monkeypatch.context() as environment:
            if warehouse:
                environment.setenv("AGENT_METRICS_WAREHOUSE", warehouse)
            assert main([str(argument) for argument in arguments]) == status, arguments
        said = "".join(capfd.readouterr())
        assert CANARY not in said, (arguments, said)
    for file in home.root.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert CANARY.encode() not in content, file


def test_a_password_may_be_no_parameter_of_a_flow(home: Home, guarded: str) -> None:
    with pytest.raises(InputError, match=r"has its password here.*AGENT_METRICS_WAREHOUSE") as raised:
        RunRequest(home=str(home.root), warehouse=[guarded]).settings()
    assert CANARY not in str(raised.value)


DAMAGES = {
    "messages": "update metrics.messages set text = convert_from(convert_to(text, 'UTF8'), 'LATIN1')",
    "daily_performance": "update metrics.daily_performance set conversations = conversations + 1",
    "conversations": "delete from metrics.conversations",
}


def test_what_differs_from_what_was_published_is_found_and_mended(
    home: Home, url: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With PGCLIENTENCODING=LATIN1 an earlier version damaged 54,867 texts, which stayed so: only changes travel."""
    at = ["--home", home.root, "--warehouse", url]
    (shop / "messages.csv").write_text(SHOP["messages.csv"].replace("Hello?", "Größe?"), "utf-8")
    told(capsys, "run", *at, "--path", shop, "--as-of", "2026-06-07")
    assert told(capsys, "warehouse", "verify", *at)["differing_rows"] == {}
    values = [one for one in told(capsys, "doctor", *at)["findings"] if one["check"] == "values"]
    assert [one["outcome"] for one in values] == ["ok"]
    for table, damage in DAMAGES.items():
        with psycopg.connect(Address.of(url).reveal()) as database:
            database.execute(damage.encode())
        assert main(["doctor", *map(str, at), "--json"]) != 0
        (value,) = (one for one in json.loads(capsys.readouterr().out)["findings"] if one["check"] == "values")
        assert value["outcome"] == "problem"
        assert f"rows of {table} in" in value["what"]
        assert main(["warehouse", "verify", *map(str, at), "--json"]) == 1
        assert list(json.loads(capsys.readouterr().out)["differing_rows"]) == [table]
        told(capsys, "publish", *at)
        assert told(capsys, "warehouse", "verify", *at)["differing_rows"] == {}
