"""What makes the next build start from nothing, and what does not: a mended typo once rebuilt each history."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import duckdb
import pytest

import contract
from flows import engines, settings
from flows.engines import dbt, fingerprint
from flows.ground.build import Build
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.lake import Lake
from flows.questions import method, state
from flows.questions.updating import update
from flows.sources import files
from tests.conftest import write_rows

# A file of the project, a text in it, and what stands in its place; an empty text is the end of the file.
CARE = {
    "a comment": ("models/metrics/conversations.sql", "with what came of it", "and what came of it"),
    "another comment": ("models/metrics/conversations.sql", "", "\n-- another line\n"),
    "a line that is parted": ("models/metrics/conversations.sql", " and conversations", "\n    and conversations"),
    "a comment in a macro": ("macros/time.sql", "An instant some", "An instant that is some"),
    "a comment of a macro for Spark": ("macros/spark/incremental.sql", "A condition:", "The condition:"),
    "a description": ("models/metrics/conversations.yml", "The merchant account.", "The merchant's account."),
    "a description of what had none": (
        "models/intermediate/_previous.yml",
        "",
        "\nmodels: [{name: a, description: A}]\n",
    ),
    "a unit test": ("models/metrics/conversations__rules.yml", "", "\n  - {name: another, model: conversations}\n"),
    "a file of unit tests": ("models/metrics/another.yml", "", "unit_tests: [{name: a, model: conversations}]\n"),
    "a comment in yml": ("models/metrics/conversations.yml", "", "\n# another line\n"),
    "a freshness": ("models/staging/_sources.yml", "count: 2, period: day", "count: 3, period: day"),
    "an exposure": ("models/exposures.yml", "BI tools and notebooks", "BI tools"),
    "a metric, asked by others of what is published": ("models/semantic/conversations.yml", "sum", "max"),
    "the days of metrics": ("models/semantic/days.sql", "2000", "1999"),
    "what is configured of metrics": ("dbt_project.yml", "+schema: semantic", "+schema: days"),
    "the version of the project": ("dbt_project.yml", '"1.0.0"', '"1.0.1"'),
    "how many work at once": ("profiles.yml", "threads: 1", "threads: 2"),
}
CHANGE = {
    "a literal": ("models/metrics/conversations.sql", "'Anonymous'", "'anonymous'"),
    "a blank in a literal": ("models/metrics/conversations.sql", "'Anonymous'", "'Anonymous '"),
    "a column": ("models/metrics/conversations.sql", "profiles.phone", "profiles.email"),
    "a reference in a comment": ("models/metrics/conversations.sql", "changed_days_before", "changed_days"),
    "the set of changes": ("models/metrics/conversations.yml", "changed_totals", "changed_conversations"),
    "a model": ("models/metrics/another.sql", "", "select 1 as one"),
    "a macro": ("macros/topics.sql", "0.5", "0.6"),
    "a type": ("models/metrics/conversations.yml", 'data_type: "bigint"', 'data_type: "integer"'),
    "a configuration in yml": (
        "models/metrics/conversations.yml",
        "config: {",
        "config: {tags: [a], ",
    ),
    "where a source is": ("models/intermediate/_previous.yml", "schema: intermediate", "schema: before"),
    "a configuration of a folder": ("dbt_project.yml", "delete+insert", "append"),
    "the time zone": ("profiles.yml", "TimeZone: UTC", "TimeZone: Europe/Berlin"),
}


@cache
def as_it_is(engine: str) -> str:
    """The fingerprint of the project before a copy of it is edited."""
    return fingerprint.of_project(engine)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, which builds then run."""
    for engine in ("duckdb", "spark"):
        as_it_is(engine)
    project = tmp_path / "dbt_project"
    shutil.copytree(fingerprint.PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    for module in (fingerprint, dbt):
        monkeypatch.setattr(module, "PROJECT", project)
    return project


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8") if file.exists() else ""
    assert old in text
    file.write_text(text.replace(old, new) if old else text + new, "utf-8")


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
@pytest.mark.parametrize(("file", "old", "new"), CARE.values(), ids=CARE)
def test_care_rebuilds_nothing(file: str, old: str, new: str, engine: str, project: Path) -> None:
    edit(project / file, old, new)
    assert fingerprint.of_project(engine) == as_it_is(engine)


@pytest.mark.parametrize(("file", "old", "new"), CHANGE.values(), ids=CHANGE)
def test_what_may_be_computed_otherwise_is_built_anew(file: str, old: str, new: str, project: Path) -> None:
    text = fingerprint.of_text("duckdb")
    edit(project / file, old, new)
    assert fingerprint.of_project("duckdb") != as_it_is("duckdb")
    assert fingerprint.of_text("duckdb") != text


@pytest.mark.parametrize(
    ("file", "old", "new", "engine"),
    [
        ("macros/spark/tables.sql", "'yyyy-MM'", "'yyyy'", "spark"),
        ("macros/time.sql", "{{ instant }} + to_hours", "{{ instant }} - to_hours", "duckdb"),
        ("profiles.yml", "host: session", "host: another", "spark"),
    ],
)
def test_what_is_for_one_engine_rebuilds_nothing_on_the_other(
    file: str, old: str, new: str, engine: str, project: Path
) -> None:
    edit(project / file, old, new)
    assert [name for name in ("duckdb", "spark") if fingerprint.of_project(name) != as_it_is(name)] == [engine]


def test_macros_for_spark_are_asked_for_by_none_that_duckdb_knows() -> None:
    """Else a change of theirs could change what DuckDB computes, and DuckDB would not build anew."""
    macros = fingerprint.PROJECT / "macros"
    own = {
        name
        for file in (macros / "spark").glob("*.sql")
        for name in re.findall(r"{%-? *macro (\w+)", file.read_text("utf-8"))
        if not name.startswith("spark__")
    }
    shared = [*macros.glob("*.sql"), *(fingerprint.PROJECT / "models").rglob("*.sql")]
    words = {word for file in shared for word in re.findall(r"\w+", file.read_text("utf-8"))}
    assert own
    assert not own & words


@pytest.mark.parametrize(
    ("change", "is_rebuilt"),
    [
        (lambda column: replace(column, about="Another sentence."), False),
        (lambda column: replace(column, type="double"), True),
        (lambda column: replace(column, values=("another",)), True),
        (lambda column: replace(column, default="another"), True),
    ],
    ids=["about", "type", "values", "default"],
)
@pytest.mark.parametrize("tables", ["landing", "metrics"])
def test_the_contract_counts_without_its_sentences(
    tables: str,
    change: Callable[[contract.Column], contract.Column],
    is_rebuilt: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = getattr(contract, tables)()
    table = known["conversations"]
    changed = replace(table, about="Another.", columns=(*table.columns[:-1], change(table.columns[-1])))
    before = as_it_is("duckdb")
    monkeypatch.setattr(contract, tables, lambda: known | {"conversations": changed})
    assert (fingerprint.of_project("duckdb") != before) == is_rebuilt


@pytest.mark.parametrize("package", ["dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb"])
def test_an_upgrade_of_what_computes_rebuilds_by_itself(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint.of_project("duckdb"), fingerprint.of_text("duckdb")
    monkeypatch.setattr(fingerprint, "version", lambda name: "99" if name == package else "1")
    one = fingerprint.of_project("duckdb"), fingerprint.of_text("duckdb")
    monkeypatch.setattr(fingerprint, "version", lambda name: "1")
    other = fingerprint.of_project("duckdb"), fingerprint.of_text("duckdb")
    assert len({*before, *one, *other}) == 6


def test_a_mended_comment_and_a_described_column_go_on_and_a_changed_model_does_not(
    project: Path, tmp_path: Path
) -> None:
    home, folder = Home(tmp_path / "home"), tmp_path / "delivered"
    lake = Lake(home.lake)
    shop = settings.Settings(accounts=[{"account_id": "a", "timezone": "UTC", "currency": "EUR"}])
    as_of = datetime(2026, 6, 7, tzinfo=UTC)

    def delivered(number: int) -> None:
        ids = {"account_id": "a", "conversation_id": str(number)}
        asked = {**ids, "message_id": str(number), "sender": "visitor", "sent_at": "2026-06-01", "text": "Where is it?"}
        write_rows(
            folder / "conversations" / f"{number}.jsonl", [{**ids, "channel": "email", "created_at": "2026-06-01"}]
        )
        write_rows(folder / "messages" / f"{number}.jsonl", [asked])
        files.pull(folder, lake, Silent())

    def built() -> Build:
        group = partial(update, home.topics, as_of=as_of, embedder="wordllama", regroup=False, progress=Silent())
        topics = engines.Topics(
            method("wordllama"),
            False,
            lambda connection: group(connection=connection).version,
            lambda version, relation: state.views(home.topics / str(version), relation),
        )
        audiences = engines.Audiences("", lambda engine, as_of: ())
        return engines.build(home, lake, shop, topics, audiences, as_of=as_of, full_refresh=False, progress=Silent())

    model, described = project / "models/metrics/conversations.sql", project / "models/metrics/conversations.yml"
    delivered(1)
    first = built()
    assert first.mode == "full"

    edit(model, "with what came of it", "and what came of it")
    edit(described, "The merchant account.", "The shop's account.")
    assert built() == replace(first, changed=False)

    delivered(2)
    second = built()
    assert (second.mode, second.base, second.row_counts["conversations"]) == ("incremental", first.build_id, 2)
    with duckdb.connect(home.candidate_file, read_only=True) as candidate:
        query = "select comment from duckdb_columns() where (table_name, column_name) = ('conversations', 'account_id')"
        assert candidate.execute(query).fetchall() == [("The shop's account.",)]

    edit(model, "'Anonymous'", "'Nobody'")
    assert built().mode == "full"
