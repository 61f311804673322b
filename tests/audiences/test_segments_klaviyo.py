"""Segments of Klaviyo as files, and ours as what Klaviyo takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from flows.audiences import segments
from flows.audiences.definition import Definition, Segment
from flows.audiences.reading import SHIPPED, read
from flows.audiences.writing import yaml_of
from flows.command.console import Console
from flows.command.segments import ImportRequest
from flows.command.segments_klaviyo import (
    export_definition,
    exported_for_klaviyo,
    import_segments,
    imported,
    notes_of,
)
from flows.ground.errors import InputError
from flows.settings.requests import Request
from tests.audiences.generated import KLAVIYO_METRICS, NAMES, Document, definitions

SHIPPED_SEGMENTS, _ = segments(Path("nowhere"), shipped=True)


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    file = tmp_path / "metrics.json"
    data = [{"type": "metric", "id": each, "attributes": {"name": name}} for each, name in NAMES.items()]
    file.write_text(json.dumps({"data": data}), "utf-8")
    return file


def written(folder: Path, document: Any) -> Path:
    file = folder / "klaviyo.json"
    file.write_text(json.dumps(document), "utf-8")
    return file


def record(name: str, *conditions: Document) -> Document:
    definition = {"condition_groups": [{"conditions": list(conditions)}]}
    return {"type": "segment", "id": "S1", "attributes": {"name": name, "definition": definition}}


ORDERED: Document = {
    "type": "profile-metric",
    "metric_id": KLAVIYO_METRICS["Placed Order"],
    "measurement": "count",
    "measurement_filter": {"type": "numeric", "operator": "equals", "value": 0},
    "timeframe_filter": {"type": "date", "operator": "after", "date": "2026-01-01T00:00:00Z"},
    "metric_filters": None,
}


def test_an_exported_segment_comes_back_as_a_file(tmp_path: Path, metrics: Path) -> None:
    for key in ("escalated_7_days", "recommended_not_bought", "started_conversation"):
        (ours,) = [one for one in SHIPPED_SEGMENTS if one.key == key]
        file = written(tmp_path, json.loads(exported_for_klaviyo(key, SHIPPED_SEGMENTS, metrics)))
        (one,) = imported(file, metrics, tmp_path / key)
        assert one.file
        assert read(one.file).segment.definition == ours.segment.definition
        assert read(one.file).segment.name == ours.segment.name


def test_a_name_in_another_spelling_than_keys_stays_as_it_is(tmp_path: Path, metrics: Path) -> None:
    (one,) = imported(written(tmp_path, record("Käufer für März", ORDERED)), metrics, tmp_path / "to")
    assert one.file
    assert one.file.name == "kaeufer_fuer_maerz.yml"
    back = json.loads(exported_for_klaviyo(one.key, [read(one.file)], metrics))
    assert back["data"]["attributes"]["name"] == "Käufer für März"


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("recommended_2_hours_ago", "Klaviyo has no completion window HOURS_2"),
        ("waiting_for_an_answer", "Klaviyo has no metric 'Had conversation'"),
        ("nobody", "there is no segment 'nobody'; name one of these: asked_about_a_gap, "),
    ],
)
def test_what_klaviyo_cannot_say_is_an_error_of_the_input(key: str, why: str, metrics: Path) -> None:
    with pytest.raises(InputError) as error:
        exported_for_klaviyo(key, SHIPPED_SEGMENTS, metrics)
    assert why in str(error.value)


def test_what_klaviyo_does_not_know_of_a_segment_is_told() -> None:
    assert "suppress_open_handoffs" in " ".join(notes_of("recommended_not_bought", SHIPPED_SEGMENTS))
    assert notes_of("escalated_7_days", SHIPPED_SEGMENTS) == []


def test_one_that_cannot_be_said_takes_no_other_down(tmp_path: Path, metrics: Path) -> None:
    listed = record("Listed", {"type": "profile-group-membership", "is_member": True, "group_ids": ["L"]})
    wrong = record("Wrong", {**ORDERED, "measurement_filter": {"type": "numeric", "operator": "near", "value": 1}})
    file = written(tmp_path, {"data": [listed, wrong, record("Not ordered", ORDERED)]})
    first, second, third = imported(file, metrics, tmp_path / "new" / "folder")
    assert (first.key, first.file) == ("listed", None)
    assert "lists and segments of Klaviyo are not known here" in str(first.refused)
    assert str(second.refused).startswith(
        "definition.condition_groups.0.conditions.0.measurement_filter.operator is 'near'; it may be 'equals'"
    )
    assert third.to_json_dict() == {
        "segment": "not_ordered",
        "name": "Not ordered",
        "file": str(tmp_path / "new" / "folder" / "not_ordered.yml"),
        "refused": None,
    }
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["not_ordered.yml"]
    found, problems = segments(tmp_path / "new" / "folder", shipped=False)
    assert (found[0].segment.description, problems) == ("Taken from Klaviyo (segment S1).", [])


def test_what_no_file_can_hold_is_refused(tmp_path: Path, metrics: Path) -> None:
    file = written(tmp_path, [record("\ud800", ORDERED), record("a\0b", ORDERED), record("\U0001f600", ORDERED)])
    half, null, smile = imported(file, metrics, tmp_path)
    assert half.refused
    assert null.refused
    assert smile.file
    assert read(smile.file).segment.name == "\U0001f600"


def test_no_file_is_written_over(tmp_path: Path, metrics: Path) -> None:
    file = written(tmp_path, {"data": record("Mine", ORDERED)})
    (tmp_path / "mine.yml").write_text("mine", "utf-8")
    (one,) = imported(file, metrics, tmp_path)
    assert "is there already" in str(one.refused)
    assert (tmp_path / "mine.yml").read_text("utf-8") == "mine"


def test_without_its_metrics_it_is_said_where_they_come_from(tmp_path: Path) -> None:
    (one,) = imported(written(tmp_path, {"data": record("Mine", ORDERED)}), None, tmp_path)
    assert "--metrics names the file with Klaviyo's metrics" in str(one.refused)


@pytest.mark.parametrize("text", ["", "[7]", '{"a": 1}', b"\xff"])
def test_what_is_no_segment_is_an_error_of_the_input(tmp_path: Path, text: str | bytes) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    for name in (file, tmp_path / "gone.json"):
        with pytest.raises(InputError, match=f"^{name}: "):
            imported(name, None, tmp_path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definitions(klaviyo=False))
def test_a_written_file_is_read_as_the_same_segment(tmp_path: Path, document: Document) -> None:
    segment = Segment(name="Größe: 1", description="#1", definition=Definition.model_validate(document))
    file = tmp_path / "written.yml"
    file.write_text(yaml_of(segment), "utf-8")
    assert read(file).segment == segment


def test_a_shipped_file_reads_as_it_would_be_written() -> None:
    for file in SHIPPED.glob("*.yml"):
        assert yaml_of(read(file).segment)


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_says_what_became_of_each(
    tmp_path: Path, metrics: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    file = written(tmp_path, [record("Not \x1b[2J ordered", ORDERED), record("Wrong", {"type": "profile-region"})])
    request = ImportRequest(file=file, metrics=metrics, to=tmp_path / "new")
    assert import_segments(request, Console(as_json=as_json, is_debugging=False)) == 2
    out = capsys.readouterr().out
    if as_json:
        assert [one["segment"] for one in json.loads(out)["segments"]] == ["not_2j_ordered", "wrong"]
    else:
        assert "1 segment of 2 taken over" in out
        assert "Wrong: not taken over; " in out
        assert "\x1b" not in out


def test_a_definition_is_written_once_and_says_what_klaviyo_does_not_know(
    tmp_path: Path, metrics: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file, console, request = tmp_path / "out.json", Console(as_json=False, is_debugging=False), Request()
    assert export_definition(request, "recommended_not_bought", metrics, file, console, force=False) == 0
    assert json.loads(file.read_text("utf-8"))["data"]["attributes"]["name"] == "Recommended, not bought"
    assert "Note: Klaviyo does not hold back who waits for a person" in capsys.readouterr().out
    with pytest.raises(InputError, match="use --force"):
        export_definition(request, "escalated_7_days", metrics, file, console, force=False)
    assert export_definition(request, "escalated_7_days", metrics, file, console, force=True) == 0
    assert json.loads(file.read_text("utf-8"))["data"]["attributes"]["name"] == "Escalated in the last 7 days"
    with pytest.raises(InputError, match=r"^--metrics: "):
        export_definition(request, "escalated_7_days", None, file, console, force=True)


def test_commands_that_only_read_do_not_wait_for_what_pulls() -> None:
    """They import the module of these commands, too."""
    code = "import sys, flows.command.segments_klaviyo; sys.exit('dlt' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
