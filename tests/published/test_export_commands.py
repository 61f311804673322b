"""The command `agent-metrics export`: what it says on stdout and on stderr, and with which exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

import contract
from flows.command.main import main
from flows.ground.home import Home
from flows.warehouses.postgres.access import ReaderRole, grants, policies
from tests.gaps.shop import publish_to
from tests.published.shop import Shop
from tests.warehouses import servers
from tests.warehouses.candidates import names

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Exit status, stdout and stderr of an export into `out`."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENT_METRICS_", "PG")):
            monkeypatch.delenv(name)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["export", "--to", "out", "--home", "home", *arguments])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


def small_shop() -> Shop:
    shop = Shop()
    shop.conversation("c1")
    shop.conversation("c2", account_id="other")
    return shop


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_an_export_tells_its_files_and_its_publication(
    say: Say, tmp_path: Path, database_server: str, kind: str
) -> None:
    at = "duckdb" if kind == "duckdb" else servers.fresh(database_server)
    publish_to(Home(tmp_path / "home"), small_shop(), at)
    status, out, err = say("--format", "parquet", "--warehouse", at)
    assert status == 0
    lines = out.splitlines()
    assert lines[0].split() == ["file", "rows"]
    assert ["conversations.parquet", "2"] in [line.split() for line in lines]
    assert "data up to 2026-06-07T11:59:59.000001Z" in out
    assert "Exporting conversations …" in err
    assert "Left out" not in err
    assert set(names(tmp_path / "out")) == {*(f"{table}.parquet" for table in contract.metrics()), "publication.json"}

    status, out, err = say("--format", "csv", "--warehouse", at, "--account", "other", "--json")
    document = json.loads(out)
    manifest = json.loads((tmp_path / "out" / "publication.json").read_text("utf-8"))
    assert (status, document["exit_status"], document["account"]) == (0, 0, "other")
    assert document["files"]["conversations.csv"]["rows"] == 1
    assert document["publication_id"] == manifest["publication_id"]
    assert document["files"].items() <= manifest["files"].items()
    assert list(document["tables_left_out"]) == ["rejected_rows", "publications"]
    assert "Left out   rejected_rows: it tells of all accounts at once" in err


def test_a_reader_of_one_account_is_told_what_it_does_not_get(say: Say, tmp_path: Path, database_server: str) -> None:
    url = servers.fresh(database_server)
    publish_to(Home(tmp_path / "home"), small_shop(), url)
    reader = ReaderRole("only_other", is_limited=True, account_id="other")
    with psycopg.connect(url) as connection:
        connection.execute("create role only_other login")
        connection.execute("grant usage on schema metrics to only_other")
        for statement in [*grants(reader, contract.metrics()), *policies(reader, contract.metrics())]:
            if "provenance" not in statement:
                connection.execute(statement.encode())
    status, out, err = say("--format", "csv", "--warehouse", url.replace("postgres@", "only_other@"), "--json")
    files = json.loads(out)["files"]
    assert status == 0
    assert "Left out   profile_name, first_question of conversations: not published, or not for this reader" in err
    assert files["publications.csv"]["left_out"] == ["row_counts"]
    assert {file: files[file]["rows"] for file in ("accounts.csv", "conversations.csv", "rejected_rows.csv")} == {
        "accounts.csv": 1,
        "conversations.csv": 1,
        "rejected_rows.csv": 0,
    }
    text = "".join(file.read_text("utf-8") for file in (tmp_path / "out").glob("*.csv"))
    assert '"c2"' in text
    assert '"c1"' not in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--format", "xlsx"], "--format: there is no format 'xlsx'; it can be csv or parquet"),
        (
            ["--format", "csv", "--table", "nothing"],
            "--table: there is no table 'nothing'; there are accounts, profiles",
        ),
        (
            ["--format", "csv", "--account", "nobody"],
            "there is no account 'nobody'; the published ones are: other, shop",
        ),
        ([], "Missing option '--format'"),
    ],
)
def test_what_is_asked_wrongly_ends_with_2(say: Say, tmp_path: Path, asked: list[str], said: str) -> None:
    publish_to(Home(tmp_path / "home"), small_shop())
    status, out, err = say(*asked)
    assert (status, out) == (2, "")
    assert said in err
    assert names(tmp_path) == ["home"]


def test_data_of_the_user_is_replaced_only_if_asked(say: Say, tmp_path: Path) -> None:
    publish_to(Home(tmp_path / "home"), small_shop())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "conversations.csv").write_text("mine", "utf-8")
    status, _, err = say("--format", "csv")
    assert (status, names(tmp_path / "out")) == (2, ["conversations.csv"])
    assert "conversations.csv would be replaced, and no export wrote that" in err
    assert say("--format", "csv", "--overwrite")[0] == 0
    assert say("--format", "csv")[0] == 0


def test_there_is_nothing_to_export_before_the_first_publication(say: Say, tmp_path: Path) -> None:
    status, _, err = say("--format", "csv")
    assert status == 2
    assert "nothing is published yet" in err
    assert names(tmp_path) == []
