"""What editors and marketers read of segments is as the models and the metrics are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings

import contract
from contract.generate import ROOT
from flows.audiences import generate
from flows.audiences.definition import Definition
from flows.audiences.exposures import asked, exposures_text
from flows.audiences.metrics import METRICS, PROFILE
from flows.audiences.reading import SCHEMA, SHIPPED, read, segment_of
from flows.audiences.schema import schema
from flows.audiences.tables import TABLES, with_tables
from tests.audiences.generated import Document, definitions

PAGE = generate.PAGE.read_text("utf-8")
EDITOR = jsonschema.Draft7Validator(schema())
BLOCKS = [re.sub("^    ", "", one, flags=re.MULTILINE) for one in re.findall(r"(?:^    .*\n)+", PAGE, re.MULTILINE)]


class _Editor(yaml.SafeLoader):
    """Editors take a date for text."""

    yaml_implicit_resolvers = {  # noqa: RUF012  as PyYAML has it
        sign: [one for one in known if one[0] != "tag:yaml.org,2002:timestamp"]
        for sign, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def as_editors_see_it(text: str) -> Any:
    return yaml.load(text, _Editor)


def test_everything_is_as_it_would_be_written_now() -> None:
    stale = [file.name for file, text in generate.generated().items() if file.read_text("utf-8") != text]
    assert stale == [], "run `make generate`"
    assert "python -m flows.audiences.generate" in (ROOT / "Makefile").read_text("utf-8")


def test_a_check_names_what_is_stale_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old = tmp_path / "segments.md"
    old.write_text("old", "utf-8")
    monkeypatch.setattr(generate, "generated", lambda: {old: "new"})
    assert generate.main(["--check"]) == 1
    assert (str(old) in capsys.readouterr().out, old.read_text("utf-8")) == (True, "old")
    assert generate.main([]) == 0
    assert (generate.main(["--check"]), old.read_text("utf-8")) == (0, "new")


def test_a_shipped_segment_is_an_exposure_of_the_tables_that_it_asks_of() -> None:
    """Which segments change with a table was not in the graph of dbt."""
    exposures = {one["config"]["meta"]["segment"]: one for one in yaml.safe_load(exposures_text())["exposures"]}
    assert set(exposures) == {file.stem for file in SHIPPED.glob("*.yml")}
    asks = {key: {re.sub(r"ref\('(\w+)'\)", r"\1", one) for one in exposures[key]["depends_on"]} for key in exposures}
    published = {"segments", "segment_members", "segment_changes"}
    assert asks["waiting_for_an_answer"] - published == {"conversations", "messages"}
    assert asks["chatted_then_refunded"] - published == {"agent_events", "orders"}
    assert all(published <= one <= set(contract.metrics()) for one in asks.values())


def test_consent_and_who_has_none_of_something_is_asked_of_profiles() -> None:
    none = {"type": "numeric", "operator": "equals", "value": 0}
    consent = {"type": "profile-marketing-consent", "consent": {"channel": "email", "can_receive_marketing": True}}
    for condition, tables in (
        (consent, {"profiles"}),
        (
            {"type": "profile-metric", "metric": "Opened ticket", "measurement_filter": none},
            {"profiles", "conversations", "tickets"},
        ),
    ):
        assert asked(Definition.model_validate({"condition_groups": [{"conditions": [condition]}]})) == tables


def test_it_is_one_command() -> None:
    subprocess.run([sys.executable, "-m", "flows.audiences.generate", "--check"], check=True, cwd=ROOT)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(schema())
    assert "make generate" in json.loads(SCHEMA.read_text("utf-8"))["$comment"]


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yml")), ids=lambda file: str(file.stem))
def test_a_shipped_file_names_its_schema_and_holds_it(file: Path) -> None:
    text = file.read_text("utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named
    assert (file.parent / named[1]).resolve() == SCHEMA
    EDITOR.validate(as_editors_see_it(text))


@settings(max_examples=60, deadline=None)
@given(definitions(klaviyo=False))
def test_an_editor_marks_nothing_that_is_right(definition: Document) -> None:
    EDITOR.validate({"name": "a", "description": "b", "definition": definition})


OF_ANOTHER_METRIC = "metric_filters: [{property: is_gap, filter: {type: boolean, value: true}}]"
OF_ANOTHER_TYPE = "metric_filters: [{property: channel, filter: {type: boolean, value: true}}]"
ESCALATED = (SHIPPED / "escalated_7_days.yml").read_text("utf-8")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name:", "nmae:"),
        ("Conversation with Customer Agent escalated", "Escalated"),
        ("operator: in-the-last", "operator: last"),
        ("quantity: 7", "quantity: week"),
        ("unit: day", "unit: month"),
        ("quantity: 7}", "quantity: 7}\n          measurement: sum"),
        ("quantity: 7}", f"quantity: 7}}\n          {OF_ANOTHER_METRIC}"),
        ("quantity: 7}", f"quantity: 7}}\n          {OF_ANOTHER_TYPE}"),
    ],
)
def test_an_editor_marks_what_is_wrong(before: str, after: str) -> None:
    assert before in ESCALATED
    document = as_editors_see_it(ESCALATED.replace(before, after))
    assert not EDITOR.is_valid(document)


def test_every_name_stands_in_the_page() -> None:
    for metric in METRICS.values():
        assert re.search(rf"^\| \*\*{re.escape(metric.name)}\*\* \|", PAGE, re.MULTILINE), metric.name
        assert all(f"| `{name}` |" in PAGE for name in metric.properties)
    assert all(f"| `{name}` |" in PAGE for name in PROFILE)
    for file in SHIPPED.glob("*.yml"):
        assert f"| `{file.stem}` | {read(file).segment.name} |" in PAGE
    assert set(re.findall(r"<!-- generated: (\w+)", PAGE)) == set(TABLES)
    assert with_tables(PAGE) == PAGE


def test_the_examples_of_the_page_are_right() -> None:
    """People copy them."""
    whole = [one for one in BLOCKS if one.startswith("name:")]
    conditions = [one for one in BLOCKS if one.startswith("- type:")]
    assert (len(whole), len(conditions)) == (1, 1)
    document = yaml.safe_load(whole[0])
    segment_of(Path("example.yml"), document)
    EDITOR.validate(as_editors_see_it(whole[0]))
    document["definition"]["condition_groups"] = [{"conditions": yaml.safe_load(conditions[0])}]
    segment_of(Path("example.yml"), document)
    times = [yaml.safe_load(one) for one in re.findall(r"^\| `(\{type: date.*?\})` \|", PAGE, re.MULTILINE)]
    assert len(times) == 7
    for one in times:
        document["definition"]["condition_groups"][0]["conditions"][0] = {
            "type": "profile-metric",
            "metric": "Placed Order",
            "measurement_filter": {"type": "numeric", "operator": "equals", "value": 0},
            "timeframe_filter": one,
        }
        segment_of(Path("example.yml"), document)
