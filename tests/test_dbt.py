"""The dbt project: its unit tests pass, what it shows is described, and every rule of the definitions is proven."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import contract
from flows import jobs
from flows.engines.fingerprint import PROJECT
from flows.ground.home import Home
from flows.settings.requests import BuildRequest

ROOT = PROJECT.parent
CHAPTERS_OF_MODELS = {1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13}
AS_OF = datetime(2026, 6, 7, 12, tzinfo=UTC)
Dbt = Callable[..., Any]

# dbt keeps one adapter for a process, and the candidate is built once: these tests stay together.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose candidate was built from a lake in which nothing is."""
    home = Home(tmp_path_factory.mktemp("dbt"))
    jobs.build(BuildRequest(home=str(home.root), as_of=AS_OF.isoformat(), full_refresh=True))
    return home


@pytest.fixture(scope="module")
def dbt(home: Home) -> Iterator[Dbt]:
    """Runs a dbt command on that candidate and gives what dbtRunner returns."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415 - takes seconds to import
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    def invoke(*command: str) -> Any:
        options = {
            "--project-dir": PROJECT,
            "--profiles-dir": PROJECT,
            "--target-path": home.dbt / "duckdb",
            "--log-path": home.dbt / "logs",
            "--log-level": "none",
        }
        arguments = [str(part) for option in options.items() for part in option]
        try:
            return dbtRunner().invoke([*command, *arguments, "--quiet", "--no-use-colors"])
        finally:
            DuckDBConnectionManager.close_all_connections()

    before = dict(os.environ)
    os.environ["CANDIDATE_FOLDER"] = str(home.candidate)
    yield invoke
    os.environ.clear()
    os.environ.update(before)


@cache
def described(kind: str) -> list[dict[str, Any]]:
    """All entries of one kind (models, unit_tests, sources, exposures) in the YAML files beside the models."""
    documents = [yaml.safe_load(file.read_text("utf-8")) for file in sorted((PROJECT / "models").rglob("*.yml"))]
    return [entry for document in documents for entry in document.get(kind, [])]


def rules() -> list[str]:
    """The numbers of the rules that models fulfil, from the headings of the definitions."""
    text = (ROOT / "docs" / "definitions.md").read_text("utf-8")
    numbers = re.findall(r"^### (\d+\.\d+) ", text, flags=re.MULTILINE)
    of_models = [number for number in numbers if int(number.split(".")[0]) in CHAPTERS_OF_MODELS]
    return [number for number in of_models if number != "13.6"]  # of deliveries, which no model decides


def test_every_unit_test_of_a_model_passes(dbt: Dbt) -> None:
    results = dbt("test", "--select", "test_type:unit").result.results
    failures = [f"{result.node.name}: {result.message}" for result in results if result.status != "pass"]
    assert not failures, "\n".join(failures)
    assert len(results) == len(described("unit_tests"))


def test_the_documentation_can_be_generated_and_shows_every_published_table(dbt: Dbt, home: Home) -> None:
    assert dbt("docs", "generate").success
    catalog = json.loads((home.dbt / "duckdb" / "catalog.json").read_text("utf-8"))
    shown = {node["metadata"]["name"] for node in catalog["nodes"].values() if node["metadata"]["schema"] == "metrics"}
    assert shown == set(contract.metrics())


def test_a_table_that_stopped_coming_is_stale_and_one_that_came_today_or_never_is_not(dbt: Dbt, home: Home) -> None:
    now = datetime.now(UTC)
    ages = {"orders": timedelta(days=15), "messages": timedelta(days=3)}
    with closing(duckdb.connect(home.work_file)) as connection:
        connection.executemany(
            "insert into lake.loads values (1, 'files', ?, 1, 0, ?)",
            [[table, now - ages.get(table, timedelta(hours=1))] for table in contract.landing() if table != "tickets"],
        )
    result = dbt("source", "freshness").result
    states = {freshness.node.name: str(freshness.status) for freshness in result.results}
    # not every shop has a source of these
    rare = {
        "reported_figures",
        "order_profiles",
        "product_events",
        "source_counts",
        "business_hours",
        "topic_decisions",
    }
    scheduled = [table for table in contract.landing() if table not in rare]
    assert states == {**dict.fromkeys(scheduled, "pass"), "orders": "error", "messages": "warn"}


def test_a_published_table_is_rewritten_by_the_changes_that_the_dictionary_names(dbt: Dbt, home: Home) -> None:
    """A gate looked at the changes of another set than the one by which the model writes, and missed rows."""
    assert dbt("parse").success
    nodes = json.loads((home.dbt / "duckdb" / "manifest.json").read_text("utf-8"))["nodes"]
    for name, table in contract.metrics().items():
        node = nodes[f"model.customer_agent_metrics.{name}"]
        sql = re.sub(r"--.*", "", node["raw_code"])
        restricting = set(re.findall(r"'(changed_\w+)'", sql))
        if table.changed_by is None:
            assert (node["config"]["materialized"], restricting) == ("table", set()), name
            continue
        assert node["config"]["materialized"] == "incremental", name
        assert node["config"]["meta"]["changed_by"] == table.changed_by.model, name
        assert restricting <= {table.changed_by.model}, name
        assert f"model.customer_agent_metrics.{table.changed_by.model}" in node["depends_on"]["nodes"], name


def test_a_set_of_changes_and_its_tables_are_joined_by_the_same_column() -> None:
    macro = (PROJECT / "macros" / "changed_sets.sql").read_text("utf-8")
    keys = {name: re.findall(r"\w+", found) for name, found in re.findall(r"'(changed_\w+)': \[(.*?)\]", macro)}
    for table in contract.metrics().values():
        if table.changed_by:
            assert keys[table.changed_by.model] == ["account_id", table.changed_by.column]
            assert table.column(table.changed_by.column)


def test_every_model_and_source_and_every_published_column_is_described() -> None:
    models = {model["name"]: model for model in described("models")}
    assert set(models) == {file.stem for file in (PROJECT / "models").rglob("*.sql")}
    silent = [name for name, model in models.items() if not model.get("description", "").strip()]
    silent += [
        f"{name}.{column['name']}"
        for name, model in models.items()
        for column in model.get("columns", [])
        if not column.get("description", "").strip()
    ]
    silent += [
        f"{source['name']}.{table['name']}"
        for source in described("sources")
        for table in source["tables"]
        if not table.get("description", "").strip()
    ]
    assert not silent


def test_every_landing_table_is_a_source() -> None:
    lake = next(source for source in described("sources") if source["name"] == "lake")
    assert set(contract.landing()) <= {table["name"] for table in lake["tables"]}


def test_every_published_table_has_a_reader() -> None:
    read = {reference for exposure in described("exposures") for reference in exposure["depends_on"]}
    assert read == {f"ref('{table}')" for table in contract.metrics()}


def test_the_picture_of_the_sets_of_changes_shows_dbts_graph(dbt: Dbt, home: Home) -> None:
    """An arrow of docs/changes.md that is forgotten is a reason for a rebuild that nobody looks for."""
    assert dbt("parse").success
    manifest = json.loads((home.dbt / "duckdb" / "manifest.json").read_text("utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    sets = {node["name"]: node["depends_on"]["nodes"] for node in models if node["name"].startswith("changed_")}
    reads = {(reference.split(".")[-1], name) for name, nodes in sets.items() for reference in nodes}
    rewrites = {
        (node["config"]["meta"]["changed_by"], node["name"])
        for node in models
        if node["name"] in contract.metrics() and "changed_by" in node["config"]["meta"]
    }

    page = (ROOT / "docs" / "changes.md").read_text("utf-8")
    arrows = re.findall(r"^ +(\w+)(?:[\[(].*[\])])? (-->|==>) (\w+)", page, flags=re.MULTILINE)
    drawn = {(begin, end) for begin, arrow, end in arrows if arrow == "-->"}
    first = "stg_|changed_|int_account_settings|int_business_hour_settings"
    assert drawn == {(begin, end) for begin, end in reads if re.match(first, begin)}
    assert {(begin, end) for begin, arrow, end in arrows if arrow == "==>"} == rewrites
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == set(sets)


def test_every_rule_is_proven_by_a_unit_test_and_a_golden_case() -> None:
    opening = re.compile(r"(?:\d+\.\d+(?: and )?)+ - ")
    begun = {test["name"]: opening.match(test["description"]) for test in described("unit_tests")}
    assert [name for name, begins in begun.items() if not begins] == [], "the description begins with the rule"
    proven = {number for begins in begun.values() if begins for number in re.findall(r"\d+\.\d+", begins.group())}
    assert [rule for rule in rules() if rule not in proven] == [], "rules without a unit test beside a model"
    golden = Path(__file__).parent / "golden"
    cases = {file.parent.parent.name for file in golden.glob("*/*/case.toml")}
    assert [rule for rule in rules() if rule not in cases] == [], "rules without a golden case"


def test_the_definitions_number_their_rules_once_from_1_1_to_13_5() -> None:
    assert rules()[0] == "1.1"
    assert rules()[-1] == "13.5"
    assert len(rules()) == len(set(rules()))
