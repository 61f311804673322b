"""What dbt has made of the models is carried out again without dbt, and the tables are the same."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows import jobs
from flows.audiences import SHIPPED
from flows.engines import fingerprint, statements
from flows.engines.carrying_out import carry_out
from flows.engines.statements import Laid, Model, Statements
from flows.ground.errors import BuildFailed
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.lake import Lake
from flows.settings.requests import BuildRequest, PullRequest
from tests.conftest import Run, write_rows
from tests.reference.deliveries import random_deliveries, write_load
from tests.reference.shops import AS_OF, random_shop

NOTHING = Laid((), ())


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Other tests of this process have kept the statements of this project."""
    before = dict(statements._known)
    statements._known.clear()
    yield
    statements._known.update(before)


def model(name: str, *reads: str, sql: str = "", changed_by: str | None = None, is_view: bool = False) -> Model:
    parts = ((sql,),) if sql else ()
    return Model(name, "work.intermediate", reads, False, is_view, changed_by, parts)


def half(*models: Model, with_views: bool = True) -> statements.Half:
    known = Statements("key", True, {one.name: one for one in models})
    found = known.half(counts_questions=False, without=[], with_views=with_views)
    assert found
    return found


def rows(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the candidate's tables, but when it was built."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, file in (("work", home.work_file), ("candidate", home.candidate_file)):
            connection.execute(f"attach '{file}' as {name} (read_only)")
        tables = connection.execute(
            "select database_name || '.' || schema_name || '.' || table_name from duckdb_tables()"
            " where schema_name in ('staging', 'intermediate', 'metrics') order by 1"
        ).fetchall()
        return {name: connection.execute(f"from {name} order by all").fetchall() for (name,) in tables}


def comments(home: Home) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home.candidate_file), read_only=True) as connection:
        return connection.execute(
            "select table_name, column_name, comment from duckdb_columns() where schema_name = 'metrics' order by all"
        ).fetchall()


def test_builds_that_go_on_are_the_same_with_dbt_and_without_it(home: Home, tmp_path: Path) -> None:
    """Imports of dbt and its own work took half of the time of a small delivery."""
    rng = random.Random(29)
    loads = random_deliveries(rng, random_shop(rng, "shop", ordered=True))
    by_dbt = Home(tmp_path / "by_dbt")
    for number, load in enumerate(loads):
        write_load(tmp_path / str(number), load, rng)
        as_of = AS_OF - timedelta(days=len(loads) - number)
        jobs.pull(PullRequest(home=str(home.root), path=str(tmp_path / str(number))))
        for folder in (by_dbt.lake, by_dbt.dbt):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(home.lake, by_dbt.lake)
        statements._known.clear()
        jobs.build(BuildRequest(home=str(by_dbt.root), as_of=as_of))
        (log := home.dbt / "logs" / "dbt.log").unlink(missing_ok=True)
        jobs.build(BuildRequest(home=str(home.root), as_of=as_of))
        assert len(re.findall("OK created sql kept model", log.read_text("utf-8"))) > 90
        assert not re.search("OK created sql (table|incremental) model", log.read_text("utf-8"))
        assert rows(home) == rows(by_dbt)
        assert comments(home) == comments(by_dbt)


def test_a_delivery_imports_no_dbt_whatever_is_new_in_it(home: Home, tmp_path: Path) -> None:
    """Each definition that came or changed, and each table that came late, had dbt write all models again."""
    script = tmp_path / "run.py"
    script.write_text(
        "import sys; from flows import jobs; from flows.settings.requests import RunRequest\n"
        f"request = RunRequest(home={str(home.root)!r}, path={str(tmp_path / 'shop')!r}, as_of=sys.argv[1])\n"
        "print(jobs.run(request).outcome, {'dbt', 'great_expectations', 'jinja2', 'pandas'} & sys.modules.keys())"
    )
    write_rows(tmp_path / "shop" / "accounts.jsonl", [{"account_id": "a", "timezone": "UTC", "currency": "EUR"}])
    (tmp_path / "segments").mkdir()
    said = []
    for day, asked in enumerate(("Is it warm?", "Do you ship to Norway?", "Who sews this?"), start=1):
        text = (SHIPPED / "started_conversation.yml").read_text("utf-8")
        (tmp_path / f"segments/s{day}.yml").write_text(text, "utf-8")
        key, at = {"account_id": "a", "conversation_id": f"c{day}"}, f"2026-06-{day:02}T10:00:00Z"
        message = {**key, "message_id": f"m{day}", "sender": "visitor", "sent_at": at, "text": asked}
        write_rows(tmp_path / f"shop/conversations/{day}.jsonl", [{**key, "channel": "sms", "created_at": at}])
        write_rows(tmp_path / f"shop/messages/{day}.jsonl", [message])
        if day == 3:
            write_rows(tmp_path / "shop/profiles.jsonl", [{"account_id": "a", "profile_id": "p"}])
        command = [sys.executable, str(script), f"2026-06-{day:02}T12:00:00Z"]
        said.append(subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True).stdout)
    with duckdb.connect(str(home.published_file), read_only=True) as connection:
        found = connection.execute("select segment from metrics.segments where segment like 's_' order by 1").fetchall()
    assert found == [("s1",), ("s2",), ("s3",)]
    assert said[-1] == "published set()\n"


def test_what_is_kept_and_damaged_is_made_again(home: Home) -> None:
    """One that was altered made every run fail, or go on for ever where a model was to come after itself."""
    known = statements.kept(home, "project", is_full=False)
    statements.keep_models(home, known, {"a": model("a", sql="select 1"), "b": model("b", "a", sql="select 2")})
    statements._known.clear()
    assert [*statements.kept(home, "project", is_full=False).models] == ["a", "b"]
    file = home.dbt / f"statements-{known.key}.json"
    whole = file.read_text("utf-8")
    for text in (
        *("", "{}", "[{}]", '[{"name": "x"}]', "[1]", "\0", "[" * 100_000, whole[:-1], whole.partition("\n")[2]),
        *(whole.replace('[["select 2"]]', "[[999]]"), whole.replace('["a"]', '["b"]'), whole.replace('["a"]', '["?"]')),
    ):
        assert text != whole
        file.write_text(text, "utf-8")
        statements._known.clear()
        assert not statements.kept(home, "project", is_full=False).models


@pytest.mark.parametrize("document", ['[{"name": "x"}]', '[{"sql": null, "reads": []}]', "[1]", "{}x"])
def test_what_another_version_has_kept_in_another_form_is_made_again(tmp_path: Path, document: str) -> None:
    home = Home(tmp_path)
    known = statements.kept(home, "project", is_full=False)
    statements._known.clear()
    home.dbt.mkdir(parents=True)
    text = f"{fingerprint.digest([document])}\n{document}"
    (home.dbt / f"statements-{known.key}.json").write_text(text, "utf-8")
    assert not statements.kept(home, "project", is_full=False).models


def test_a_build_does_not_fail_because_its_statements_cannot_be_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    known = statements.kept(home, "project", is_full=False)
    (home.dbt / f"statements-{known.key}.json").mkdir(parents=True)
    statements.keep_models(home, known, {"a": model("a")})
    statements.forget(home, known)
    assert not statements.kept(home, "project", is_full=False).models


def test_what_is_in_use_is_kept(tmp_path: Path) -> None:
    """The statements of full builds went first, because nothing had been kept anew since the first of them."""
    home = Home(tmp_path)
    known = [statements.kept(home, f"project {number}", is_full=True) for number in range(9)]
    files = [home.dbt / f"statements-{one.key}.json" for one in known]
    for number, one in enumerate(known[:8]):
        statements.keep_models(home, one, {"a": model("a")})
        os.utime(files[number], (number, number))
    statements._known.clear()
    assert statements.kept(home, "project 0", is_full=True).models
    statements.keep_models(home, known[8], {"a": model("a")})
    assert [file.exists() for file in files] == [True, False, *[True] * 7]


def test_the_queries_of_definitions_are_those_of_the_run() -> None:
    """They hold the instant of their run: kept with it, a segment would have stayed as of the day when dbt ran last."""
    old = Laid(("select 1 where at < 'monday'", "select 1 where at < 'monday' or true"), ("monday",))
    told = ["select 1", "create table x as (select 1 where at < 'monday' or true) union (select 1 where at < 'monday')"]
    sql = statements._parts(told, old)
    new = Laid(("select 2", "select 3"), ("tuesday",))
    assert list(Model("x", "s", (), True, False, None, sql).statements(new)) == [
        "create table x as (select 3) union (select 2)"
    ]
    assert statements._parts(["create table x as select 'monday'"], old) is None


def test_a_model_comes_after_what_a_view_at_rest_reads() -> None:
    chain = [model("a"), model("view", "a", is_view=True), model("other", "view", is_view=True), model("b", "other")]
    assert half(*chain, with_views=False).before == {"a": frozenset(), "b": {"a"}}
    assert half(*chain).before["b"] == {"other"}


def test_a_model_that_dbt_has_not_carried_out_yet_is_left_to_dbt() -> None:
    known = Statements("key", False, {"a": model("a"), "b": Model("b", "s", (), False, False)})
    assert known.half(counts_questions=False, without=[], with_views=True) is None
    assert known.half(counts_questions=False, without=["b"], with_views=True)
    assert known.half(counts_questions=True, without=[], with_views=True) is None


@pytest.fixture
def candidate(home: Home) -> Home:
    home.candidate.mkdir(parents=True)
    for file in (home.work_file, home.candidate_file):
        duckdb.connect(str(file)).close()
    return home


def work(home: Home, *models: Model) -> None:
    carry_out(home, Lake(home.lake), half(*models), NOTHING, memory_limit="1GB", progress=Silent())


def test_a_model_of_an_empty_set_of_changes_is_not_carried_out(candidate: Home) -> None:
    for name, changes in (("nothing", "where false"), ("something", "")):
        made = f"create table work.intermediate.{name} as select 'key' as account_id {changes}"
        rows = f"create table work.intermediate.of_{name} as select 1 as x"
        work(candidate, model(name, sql=made), model(f"of_{name}", name, sql=rows, changed_by=name))
    with duckdb.connect(str(candidate.work_file), read_only=True) as connection:
        there = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert there == {"nothing", "something", "of_something"}


def test_a_model_that_fails_is_named_and_leaves_nothing_half(candidate: Home) -> None:
    fails = "create table work.intermediate.half as select 1 as x; select error('no ' || 'more')"
    with pytest.raises(BuildFailed, match="no more") as failed:
        work(candidate, model("first"), model("half", "first", sql=fails), model("last", "half", sql="select 1"))
    assert failed.value.where == "half"
    assert "no more" in (candidate.dbt / "logs" / "dbt.log").read_text("utf-8")
    with duckdb.connect(str(candidate.work_file)) as connection:  # nobody holds it any more
        assert connection.execute("select table_name from duckdb_tables()").fetchall() == []


def test_what_cannot_be_carried_out_is_left_to_dbt_the_next_time(home: Home, run: Run, tmp_path: Path) -> None:
    """A kept statement that fails would have failed in every run after it."""
    write_rows(tmp_path / "accounts.jsonl", [{"account_id": "a", "timezone": "UTC", "currency": "EUR"}])
    write_rows(tmp_path / "profiles.jsonl", [{"account_id": "a", "profile_id": "p"}])
    assert run(tmp_path, "2026-06-01").outcome == "published"
    (full,) = statements._known.values()
    broken = replace(full.models["orders"], sql=(("create table candidate.metrics.orders as select nowhere",),))
    statements.keep_models(home, full, {**full.models, "orders": broken})
    with pytest.raises(BuildFailed, match="nowhere"):
        run(None, "2026-06-02", full_refresh=True)
    assert run(None, "2026-06-02", full_refresh=True).outcome == "published"


def test_what_is_at_work_beside_a_model_that_fails_is_cut_off(candidate: Home) -> None:
    """A run that is to end would have waited until large models were done."""
    numbers = "range(10000000)"
    long = f"create table work.intermediate.long as select sum(a.range * b.range) as x from {numbers} a, {numbers} b"
    began = datetime.now(UTC)
    with pytest.raises(BuildFailed, match="soon"):
        work(candidate, model("long", sql=long), model("fails", sql="select error('so' || 'on') from range(3)"))
    assert datetime.now(UTC) - began < timedelta(seconds=30)
