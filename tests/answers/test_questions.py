"""Questions and answers over HTTP: what is said with a figure, and what is not taken for a question."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from flows.answers.answering import MOST_SPANS
from flows.answers.asked import MOST_DAYS, MOST_METRICS
from flows.answers.catalogue import metrics
from flows.answers.operations import OPERATIONS
from tests.answers.conftest import TOKENS
from tests.answers.serving import Server

JUNE = {"account": "shop", "from": "2026-06-01", "to": "2026-06-07"}


def fault(server: Server, path: str, **asked: str) -> tuple[int, str | None, str]:
    answer = server.get(path, **asked)
    error = answer.json()["error"]
    assert set(error) == {"what", "where", "remedy"}
    return answer.status_code, error["where"], error["what"]


def figures_of(document: dict[str, Any]) -> dict[str, Any]:
    return {one["metric"]: one for one in document["figures"]}


def test_the_list_has_what_somebody_asks_for_first(here: Server) -> None:
    listed = here.json("v1/metrics")
    other, shop = listed["accounts"]
    assert (other["account"], shop["account"], shop["timezone"], shop["currency"]) == (
        "other",
        "shop",
        "America/Sao_Paulo",
        "BRL",
    )
    assert shop["channels"] == ["email", "sms", "web_chat"]
    assert shop["today"] >= "2026-06-07"
    assert [one["metric"] for one in listed["metrics"]] == list(metrics())
    assert set(listed["publication"]) == {"publication_id", "published_at", "as_of", "data_up_to", "contract_version"}


def test_a_figure_comes_with_all_that_is_to_be_said_with_it(here: Server) -> None:
    told = here.json("v1/query", **JUNE, metrics="volume,resolution_rate,ai_sales,durable_resolution_rate")
    named = {one["metric"]: one for one in told["metrics"]}
    assert named["resolution_rate"]["rules"] == ["6.2"]
    assert named["resolution_rate"]["definition"].startswith("Share of the conversations that the agent resolved")
    found = figures_of(told)
    rate = found["resolution_rate"]
    assert rate["value"] == rate["numerator"] / rate["denominator"]
    assert rate["denominator"] == found["volume"]["value"] > 50
    low, high = rate["interval"]
    assert 0 < low < rate["value"] < high < 1
    assert found["ai_sales"]["value"] == "42.5000"  # 3.5, 7.5 and 31.5
    assert found["durable_resolution_rate"]["numerator"] < rate["numerator"]
    assert (told["from"], told["to"], told["account"]["currency"]) == ("2026-06-01", "2026-06-07", "BRL")
    later = here.json("v1/query", **{**JUNE, "to": "2030-01-01"}, metrics="volume")
    assert (told["is_over"], later["is_over"]) == (told["to"] < here.json("v1/metrics")["accounts"][1]["today"], False)


def test_channels_are_those_of_the_conversation_and_may_be_several(here: Server) -> None:
    def volume(*channels: str) -> int:
        of = {"channels": ",".join(channels)} if channels else {}
        told = here.json("v1/query", **JUNE, metrics="volume", **of)
        return int(figures_of(told)["volume"]["value"])

    assert volume("sms") + volume("email") == volume("sms", "email") > volume("sms") > 0
    assert volume("sms", "email", "web_chat") == volume()
    assert volume("line") == 0  # nobody writes there; of a channel that does not exist nothing is said


def test_groups_of_metrics_that_count_by_different_dates_stand_side_by_side(here: Server) -> None:
    told = here.json("v1/query", **JUNE, metrics="volume,begun_handoffs,ai_sales", by="day")
    assert [one["group"] for one in told["groups"]] == [f"2026-06-0{day}" for day in range(1, 8)]
    assert all(one["to"] == one["group"] for one in told["groups"])
    whole = figures_of(told)
    assert sum(figures_of(one)["volume"]["value"] for one in told["groups"]) == whole["volume"]["value"]
    by_tag = here.json("v1/query", **JUNE, metrics="volume,answered_handoffs", by="tag")
    assert {"returns", "a, b", "[x]", ""} == {one["group"] for one in by_tag["groups"]}
    skills = here.json("v1/query", **JUNE, metrics="skill_messages,skill_conversations", by="skill")
    assert skills["figures"] == []


@pytest.mark.parametrize(
    ("asked", "status", "where", "what"),
    [
        ({"metrics": "nonsense"}, 404, "metric", "there is no metric 'nonsense'"),
        ({"metrics": "volume'; drop table metrics.accounts; --"}, 404, "metric", "there is no metric"),
        ({"metrics": "volume", "account": "' or true --"}, 404, "account", "there is no account"),
        ({"metrics": "volume", "account": "a\x00b"}, 400, "account", "holds a sign that no text can have"),
        ({"metrics": "volume", "account": "x" * 300}, 400, "account", "at most 200 characters"),
        ({"metrics": ""}, 400, "metrics", "at least 1 item"),
        ({}, 400, "metrics", "Field required"),
        ({"metrics": ",".join(["volume"] * (MOST_METRICS + 1))}, 400, "metrics", f"at most {MOST_METRICS} items"),
        ({"metrics": "volume", "from": "yesterday"}, 400, "from", "'yesterday' is not a date"),
        ({"metrics": "volume", "from": "0001-01-01"}, 400, "from", "1970-01-01"),
        ({"metrics": "volume", "to": "9999-12-31"}, 400, "to", "2100-12-31"),
        ({"metrics": "volume", "from": "2026-06-08"}, 400, None, "begins on 2026-06-08 but ends on 2026-06-07"),
        ({"metrics": "volume", "from": "1999-01-01"}, 400, None, f"more than {MOST_DAYS} days"),
        ({"metrics": "volume", "from": "2020-01-01", "by": "day"}, 400, "by", f"more than {MOST_SPANS}"),
        ({"metrics": "volume", "by": "profile_id; --"}, 400, "by", "cannot be grouped by 'profile_id; --'"),
        ({"metrics": "volume,answered_handoffs", "by": "reason"}, 400, "by", "volume cannot be grouped by 'reason'"),
        ({"metrics": "skill_messages"}, 400, "by", "skill_messages is known in groups only"),
        ({"metrics": "volume", "channels": "sms,webchat"}, 400, "channels", "there is no channel 'webchat'"),
        ({"metrics": "volume", "channels": "no' such"}, 400, "channels", 'there is no channel "no\' such"'),
        ({"metrics": "volume", "channels": ""}, 400, "channels", "at least 1 item"),
        ({"metrics": "volume", "where": "1=1"}, 400, "where", "Extra inputs are not permitted"),
        ({"metrics": "volume", "channels": ",".join("abcdefghijklmnopqrstuvwxyz")}, 400, "channels", "at most 20"),
    ],
)
def test_what_is_not_a_question_is_said_in_one_sentence(
    here: Server, asked: dict[str, str], status: int, where: str | None, what: str
) -> None:
    found = fault(here, "v1/query", **{**JUNE, **asked})
    assert found[:2] == (status, where)
    assert what in found[2]


def test_a_parameter_that_is_there_twice_is_not_guessed(here: Server) -> None:
    answer = here.get("v1/query?account=shop&account=other&from=2026-06-01&to=2026-06-07&metrics=volume")
    assert (answer.status_code, answer.json()["error"]["where"]) == (400, "account")
    twice = here.get("v1/query?account=shop&from=2026-06-01&to=2026-06-07&metrics=volume&metrics=resolved,open")
    assert [one["metric"] for one in twice.json()["figures"]] == ["volume", "resolved", "open"]


def test_a_metric_is_described_with_what_it_needs(here: Server) -> None:
    told = here.json("v1/metrics/durable_resolution_rate", account="shop")
    assert (told["numerator"], told["denominator"], told["date"]) == ("durably_resolved", "volume", "started_on")
    assert "13.4" in told["rules"]
    assert fault(here, "v1/metrics/volum")[1] == "metric"
    assert "perhaps volume" in here.get("v1/metrics/volum").json()["error"]["remedy"]
    assert fault(here, "v1/metrics/volume")[:2] == (400, "account")  # there are two, and none is chosen


def test_an_explanation_leads_to_the_page_and_holds_no_text_of_shoppers(guarded: Server) -> None:
    told = guarded.json("v1/explain", TOKENS["WHOLE"], **JUNE, metric="average_order_value")
    assert [one["metric"] for one in told["made_of"]] == ["ai_sales", "attributed_orders"]
    lines = told["behind"]
    assert (lines["table"], lines["metric"], lines["rows"]) == ("attributed_order_lines", "ai_sales", 3)
    assert sorted(one["counts"] for one in lines["newest"]) == ["3.5000", "31.5000", "7.5000"]
    newest = lines["newest"][0]
    assert newest["link"].startswith("https://metrics.shop.example/?account=shop&dates=2026-06-01..2026-06-07&conv")
    assert told["link"].startswith("https://metrics.shop.example/?account=shop")
    assert set(newest) == {"conversation_id", "row_id", "date", "counts", "channel", "status", "link"}
    volume = guarded.json("v1/explain", TOKENS["WHOLE"], **JUNE, metric="volume")
    assert len(volume["behind"]["newest"]) == 10 < volume["behind"]["rows"]
    for text in ("Ana", "O'Neill", "KARGO"):
        assert text not in str(volume)


def test_every_answer_is_as_it_is_described(here: Server) -> None:
    document = here.json("v1/openapi.json")
    assert set(document["paths"]) == {one.path for one in OPERATIONS}
    asked = {
        "list_metrics": {},
        "describe_metric": {"account": "shop"},
        "query_metrics": {**JUNE, "metrics": "volume,average_order_value,answered_handoff_rate", "by": "channel"},
        "explain_figure": {**JUNE, "metric": "ai_sales"},
    }
    for one in OPERATIONS:
        told = here.json(one.path.replace("{metric}", "ai_sales").lstrip("/"), **asked[one.name])
        get = document["paths"][one.path]["get"]
        answer = get["responses"]["200"]["content"]["application/json"]["schema"]
        schema = {**answer, "components": document["components"]}
        jsonschema.validate(told, schema)
        assert {name["name"] for name in get["parameters"]} >= set(asked[one.name])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"metrics": 1}, schema)
    refused = {"$ref": "#/components/schemas/Fault", "components": document["components"]}
    jsonschema.validate(here.get("v1/query").json(), refused)
