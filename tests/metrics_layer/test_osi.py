"""The metrics as a file of the Open Semantic Interchange: valid, without loss, and with formulas that give our figures.

A tool that reads the file computes by itself: where a formula says something else than `agent-metrics report`, nobody
sees it until two figures are held beside each other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dbt_project import osi, semantic
from flows.command.main import main
from flows.ground.address import Address
from flows.ground.home import Home
from flows.ground.sql import literal
from flows.published.breakdown import breakdown
from flows.published.handoffs import handoffs
from flows.published.report import report
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from flows.warehouses.reader import Reader
from tests.gaps.shop import publish_to
from tests.metrics_layer.shop import ACCOUNTS
from tests.metrics_layer.test_metrics import OF_HANDOFFS, OF_MINUTES, OF_SKILLS, RANGES, reported
from tests.test_bi import Acme
from tests.warehouses import servers

SCHEMA = json.loads(Path(__file__).with_name("osi-schema.json").read_text("utf-8"))
DOCUMENT = osi.document().to_json_dict()
(MODEL,) = DOCUMENT["semantic_model"]
DATASETS: dict[str, dict[str, Any]] = {one["name"]: one for one in MODEL["datasets"]}
METRICS: dict[str, dict[str, Any]] = {one["name"]: one for one in MODEL["metrics"]}


def sql(part: dict[str, Any]) -> str:
    (only,) = part["expression"]["dialects"]
    return str(only["expression"])


def said(part: dict[str, Any]) -> dict[str, Any]:
    """What the extension of the vendor DBT says."""
    return {} if "custom_extensions" not in part else dict(json.loads(part["custom_extensions"][0]["data"]))


def dataset_of(metric: str) -> dict[str, Any]:
    (found,) = {name for name in DATASETS if f"{name}." in sql(METRICS[metric])}
    return DATASETS[found]


def relation(dataset: dict[str, Any]) -> str:
    """The dataset as a tool sees it: its fields, and no other column."""
    fields = ", ".join(f'{sql(field)} as "{field["name"]}"' for field in dataset["fields"])
    return f"(select {fields} from {dataset['source']}) as {dataset['name']}"


def figures(reader: Reader, metrics: list[str], account: str, first: date, last: date) -> dict[str, Any]:
    found = {}
    for metric in metrics:
        dataset = dataset_of(metric)
        date_ = said(dataset)["defaults"]["agg_time_dimension"]
        ((found[metric],),) = reader.rows(
            f"""select {sql(METRICS[metric])} from {relation(dataset)}
            where account_id = {literal(account)} and {date_} between {literal(first)} and {literal(last)}"""
        )
    return found


def is_equal(found: Any, expected: Any) -> bool:
    """Quotients are doubles in DuckDB, and decimals of many places in Postgres."""
    if found is None or expected is None:
        return found is expected
    return float(found) == pytest.approx(float(expected), rel=1e-12) or round(Decimal(found), 4) == expected


def test_the_document_is_valid_by_the_schema_of_the_standard() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(DOCUMENT)
    assert DOCUMENT["version"] == SCHEMA["properties"]["version"]["const"]


def test_names_are_unique_and_relationships_lead_to_keys() -> None:
    """The schema cannot say so; the specification does."""
    all_fields = [dataset["fields"] for dataset in DATASETS.values()]
    for parts in (MODEL["datasets"], MODEL["relationships"], MODEL["metrics"], *all_fields):
        names = [one["name"] for one in parts]
        assert len(names) == len(set(names))
    for one in MODEL["relationships"]:
        assert one["to_columns"] == DATASETS[one["to"]]["primary_key"]
        assert set(one["from_columns"]) <= {field["name"] for field in DATASETS[one["from"]]["fields"]}
    joined = {(one["from"], one["to"]) for one in MODEL["relationships"]}
    of_accounts = DATASETS.keys() - {"accounts"}
    of_conversations = of_accounts - {"conversations"}
    assert joined == {(one, "accounts") for one in of_accounts} | {(one, "conversations") for one in of_conversations}


def test_nothing_that_the_yaml_says_is_lost() -> None:
    def written(kind: str) -> dict[str, dict[str, Any]]:
        files = semantic.FOLDER.glob("*.yml")
        return {one["name"]: one for file in files for one in yaml.safe_load(file.read_text("utf-8")).get(kind, [])}

    models = {}
    for name, dataset in DATASETS.items():
        dimensions = []
        for field in dataset["fields"]:
            if "dimension" in field:
                dimension = {
                    "name": field["name"],
                    "type": "time" if field["dimension"]["is_time"] else "categorical",
                    "description": field["description"],
                    **({"expr": sql(field)} if sql(field) != field["name"] else {}),
                    **said(field),
                }
                dimensions.append(dimension)
        parts = {key: value for key, value in said(dataset).items() if value}
        models[name] = {"name": name, "description": dataset["description"], **parts, "dimensions": dimensions}
    assert models == written("semantic_models")
    metrics = {name: {"name": name, "description": one["description"], **said(one)} for name, one in METRICS.items()}
    assert metrics == written("metrics")
    (spine,) = said(MODEL)["time_spines"]
    assert written("models")[spine.pop("model")]["time_spine"] == spine


def test_a_word_of_the_yaml_that_the_export_does_not_know_is_an_error() -> None:
    """Else a metric of another kind would leave with a formula that says something else."""
    told = {"name": "x", "label": "X", "description": "X.", "type": "simple", "type_params": {"window": "7 days"}}
    with pytest.raises(ValueError, match="window"):
        semantic.SimpleMetric.model_validate(told)
    with pytest.raises(ValueError, match="made in an unknown way"):
        _ = semantic.Entity(name="x", type="primary", expr="account_id || order_id", description="X.").columns


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(("first", "last"), RANGES.values(), ids=RANGES)
def test_the_formulas_give_the_figures_of_the_report(reader: Reader, account: str, first: date, last: date) -> None:
    expected = reported(report(reader, account, first, last))
    found = figures(reader, list(expected), account, first, last)
    assert {name for name in expected if not is_equal(found[name], expected[name])} == set(), (found, expected)
    assert METRICS.keys() == {*expected, *OF_SKILLS, *OF_HANDOFFS, *OF_MINUTES}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize(("first", "last"), RANGES.values(), ids=RANGES)
def test_the_formulas_of_hand_offs_give_those_of_the_report(
    reader: Reader, account: str, first: date, last: date
) -> None:
    told = handoffs(reader, account, first, last)
    assert told is not None
    expected = {name: told.to_json_dict()[of] for name, of in OF_HANDOFFS.items()}
    found = figures(reader, list(OF_HANDOFFS), account, first, last)
    assert {name for name in expected if not is_equal(found[name], expected[name])} == set(), (found, expected)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_formulas_of_skills_give_the_usage_of_the_report(reader: Reader, account: str) -> None:
    first, last = RANGES["last 30 days"]
    rows = reader.rows(
        f"""select skill, {", ".join(sql(METRICS[name]) for name in OF_SKILLS)} from {relation(DATASETS["messages"])}
        where account_id = {literal(account)} and sent_on between {literal(first)} and {literal(last)}
        group by skill having skill is not null"""
    )
    told = report(reader, account, first, last).skills
    assert {row[0]: row[1:] for row in rows} == {
        one.skill: (one.messages, one.conversations) for one in told if one.messages
    }


def test_a_relationship_brings_sales_and_the_channels_of_their_conversations_together(reader: Reader) -> None:
    """Two accounts have conversations of the same ids: a join by the id alone would double them."""
    first, last = map(literal, RANGES["last 30 days"])
    (link,) = [one for one in MODEL["relationships"] if one["name"] == "attributed_order_lines_to_conversations"]
    pairs = zip(link["from_columns"], link["to_columns"], strict=True)
    on = " and ".join(f"{link['from']}.{many} = {link['to']}.{one}" for many, one in pairs)
    rows = reader.rows(
        f"""select channel, {sql(METRICS["ai_sales"])}
        from {relation(DATASETS[link["from"]])} join {relation(DATASETS[link["to"]])} on {on}
        where conversations.account_id = {literal(ACCOUNTS[0])} and placed_on between {first} and {last}
        group by channel"""
    )
    groups = breakdown(reader, report(reader, ACCOUNTS[0], *RANGES["last 30 days"]), "channel").groups
    assert dict(rows) == {one.key: one.attributed_revenue for one in groups if one.attributed_revenue}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with servers.wheel() as server:
        yield servers.fresh(server)


def test_both_warehouses_understand_the_formulas(url: str, tmp_path: Path) -> None:
    """What divides integers without a rest in Postgres would be 0 there."""
    home = Home(tmp_path / "home")
    first, last = date(2026, 6, 1), date(2026, 6, 7)
    expected = {
        "volume": 4,
        "resolved": 2,
        "routed": 1,
        "closed": 0,
        "open": 1,
        "handoffs": 1,
        "resolution_rate": 0.5,
        "routed_rate": 0.25,
        "unresolved_rate": 0.25,
        "ai_sales": 21.5,
        "net_ai_sales": 2,
        "attributed_orders": 1,
        "average_order_value": 21.5,
        "link_clicks": 0,
        "add_to_cart_items": 0,
        "skill_messages": 5,
        "skill_conversations": 4,
    }
    publish_to(home, Acme())
    publish_to(Home(tmp_path / "of postgres"), Acme(), url)
    for warehouse in (DuckDBFile(home), Postgres(home, Address.of(url))):
        with warehouse.read() as reader:
            found = figures(reader, list(expected), "acme", first, last)
            assert {name: float(one) for name, one in found.items()} == pytest.approx(expected)
            nothing = figures(reader, list(expected), "acme", date(2025, 1, 1), date(2025, 1, 2))
            assert nothing == {name: None if "rate" in name or "average" in name else 0 for name in expected}


def test_the_command_writes_the_document_to_stdout_or_into_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metrics", "export", "--format", "osi"]) == 0
    printed = capsys.readouterr()
    assert yaml.safe_load(printed.out) == DOCUMENT
    assert "extensions of the vendor DBT" in printed.err
    assert main(["metrics", "export", "--format", "osi", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == DOCUMENT
    file = tmp_path / "new" / "metrics.osi.yaml"
    assert main(["metrics", "export", "--format", "osi", "--to", str(file)]) == 0
    assert yaml.safe_load(file.read_text("utf-8")) == DOCUMENT
    what = f"{len(METRICS)} metrics of 6 tables, OSI {DOCUMENT['version']}"
    assert capsys.readouterr().out == f"Wrote      {file}: {what}\n"
    assert main(["metrics", "export", "--format", "lookml"]) == 2
    assert "option --format" in capsys.readouterr().err


def test_the_command_needs_neither_dbt_nor_metricflow() -> None:
    """To import dbt alone takes two seconds; MetricFlow is an extra that not everybody has."""
    script = (
        "import sys; from flows.command.main import main; main(['metrics', 'export', '--format', 'osi', '--json']);"
        "print(sorted({one.split('.')[0] for one in sys.modules} & {'dbt', 'metricflow', 'prefect'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
