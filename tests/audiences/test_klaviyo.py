"""Klaviyo's definitions and ours: what both can say goes over unharmed, all else is refused with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from flows.audiences.definition import Definition
from flows.audiences.klaviyo import KlaviyoMetrics, Unsayable, definition_for, definition_from, segments_in
from flows.audiences.klaviyo.importing import KlaviyoSegment, keys_of
from flows.audiences.metrics import METRICS
from flows.ground.errors import InputError
from tests.audiences.generated import KLAVIYO_METRICS, NAMES, Document, definitions

ACCOUNT = KlaviyoMetrics(NAMES)
ONCE = {"type": "numeric", "operator": "greater-than-or-equal", "value": 1}
WEEK = {"type": "date", "operator": "in-the-last", "unit": "day", "quantity": 7}
ESCALATED = "Conversation with Customer Agent escalated"
RESOLVED = "Conversation with Customer Agent resolved"
RECOMMENDED = "Received product recommendation from Customer Agent"


def ours(*conditions: Document) -> Definition:
    return Definition.model_validate({"condition_groups": [{"conditions": list(conditions)}]})


def theirs(*conditions: Document) -> Document:
    return {"condition_groups": [{"conditions": list(conditions)}]}


def metric(name: str = ESCALATED, **parts: Any) -> Document:
    return {"type": "profile-metric", "metric": name, "measurement_filter": ONCE, "timeframe_filter": WEEK, **parts}


def klaviyo_metric(name: str = ESCALATED, **parts: Any) -> Document:
    return {
        "type": "profile-metric",
        "metric_id": KLAVIYO_METRICS[name],
        "measurement": "count",
        "measurement_filter": ONCE,
        "timeframe_filter": WEEK,
        "metric_filters": None,
        **parts,
    }


def funnel(**parts: Any) -> Document:
    steps = [{"metric": "Received product recommendation from Customer Agent"}, {"metric": "Placed Order"}]
    return {"type": "profile-metric-funnel", "timeframe_filter": WEEK, "steps": steps, **parts}


def filtered(name: str, of: Document, metric_name: str = ESCALATED) -> Document:
    return klaviyo_metric(metric_name, metric_filters=[{"property": name, "filter": of}])


@settings(max_examples=100, deadline=None)
@given(definitions(klaviyo=False))
def test_what_is_ours_comes_back_as_it_was(document: Document) -> None:
    definition = Definition.model_validate(document)
    sent = json.loads(json.dumps(definition_for(definition, ACCOUNT)))
    assert Definition.model_validate(definition_from(sent, ACCOUNT)) == definition


@settings(max_examples=100, deadline=None)
@given(definitions(klaviyo=True))
def test_what_is_klaviyos_comes_back_as_it_was(document: Document) -> None:
    definition = Definition.model_validate(definition_from(json.loads(json.dumps(document)), ACCOUNT))
    assert definition_for(definition, ACCOUNT) == document


def test_a_definition_as_klaviyo_takes_it() -> None:
    """Written by hand after the schema, so that both ways cannot be wrong alike."""
    sms = {"type": "string", "operator": "equals", "value": "sms"}
    found = definition_for(
        ours(
            metric(metric_filters=[{"property": "channel", "filter": sms}]),
            metric(
                "Placed Order",
                measurement="sum",
                timeframe_filter={"operator": "between", "unit": "day", "start": 20, "end": 10},
            ),
            funnel(completion_window_seconds="DAYS_1"),
        ),
        ACCOUNT,
    )
    assert found["condition_groups"][0]["conditions"] == [
        {
            "type": "profile-metric",
            "metric_id": KLAVIYO_METRICS[ESCALATED],
            "measurement": "count",
            "measurement_filter": {"type": "numeric", "operator": "greater-than-or-equal", "value": 1},
            "timeframe_filter": {"type": "date", "operator": "in-the-last", "unit": "day", "quantity": 7},
            "metric_filters": [
                {"property": "Channel", "filter": {"type": "string", "operator": "equals", "value": "sms"}}
            ],
        },
        {
            "type": "profile-metric",
            "metric_id": KLAVIYO_METRICS["Placed Order"],
            "measurement": "sum",
            "measurement_filter": {"type": "numeric", "operator": "greater-than-or-equal", "value": 1},
            "timeframe_filter": {"type": "date", "operator": "between", "unit": "day", "start": 10, "end": 20},
            "metric_filters": None,
        },
        {
            "type": "profile-metric-funnel",
            "timeframe_filter": {"type": "date", "operator": "in-the-last", "unit": "day", "quantity": 7},
            "completion_window_seconds": "DAYS_1",
            "steps": [
                {
                    "metric_exists": True,
                    "metric_id": KLAVIYO_METRICS["Received product recommendation from Customer Agent"],
                    "metric_filters": None,
                },
                {"metric_exists": True, "metric_id": KLAVIYO_METRICS["Placed Order"], "metric_filters": None},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (
            funnel(completion_window_seconds="HOURS_2"),
            "Klaviyo has no completion window HOURS_2; it has HOURS_1, DAYS_1",
        ),
        (
            funnel(timeframe_filter={"operator": "alltime"}),
            "Klaviyo has no funnel with the time alltime; use in-the-last",
        ),
        (
            funnel(timeframe_filter={"operator": "after", "date": "2026-01-01"}),
            "Klaviyo has no funnel with the time after; use in-the-last",
        ),
        (metric("Had conversation"), "Klaviyo has no metric 'Had conversation': it is derived here"),
        (
            metric(
                "Placed Order",
                metric_filters=[{"property": "is_refunded", "filter": {"type": "boolean", "value": True}}],
            ),
            "Klaviyo has no property 'is_refunded' of the metric 'Placed Order'",
        ),
        (
            {"type": "profile-property", "property": "name", "filter": {"type": "existence", "operator": "is-set"}},
            "Klaviyo has no property 'name' of profiles",
        ),
    ],
)
def test_what_only_we_can_say_is_refused_with_the_reason(condition: Document, why: str) -> None:
    with pytest.raises(Unsayable) as refused:
        definition_for(ours(metric(), condition), ACCOUNT)
    assert str(refused.value).startswith(f"condition_groups.0.conditions.1: {why}")


FLOWS_ONLY = "Klaviyo's flows are not known here, and only they have this condition"


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (
            {"type": "profile-group-membership", "is_member": True, "group_ids": ["L1"]},
            "lists and segments of Klaviyo are",
        ),
        ({"type": "profile-region", "in_region": True, "region": "european_union"}, "where profiles live is not known"),
        ({"type": "profile-postal-code-distance", "unit": "miles"}, "where profiles live is not known here"),
        ({"type": "profile-predictive-analytics", "dimension": "predicted_clv"}, "Klaviyo's predictions are not known"),
        ({"type": "profile-has-custom-object"}, "Klaviyo's custom objects are not known here"),
        ({"type": "profile-not-in-flow"}, FLOWS_ONLY),
        ({"type": "profile-not-sent-email"}, FLOWS_ONLY),
        ({"type": "metric-property"}, FLOWS_ONLY),
        ({"type": "action-output"}, FLOWS_ONLY),
        ({"type": "profile-sample"}, "samples are of Klaviyo's flows alone"),
        ({"type": "profile-new"}, "the condition 'profile-new' of Klaviyo is not known here"),
        ({}, "the condition None of Klaviyo is not known here"),
        ("x", "a condition of Klaviyo is an object, not 'x'"),
        (klaviyo_metric(metric_id="OTHER"), "the metric with the id 'OTHER' is not among the metrics that were given"),
        (klaviyo_metric(metric_id="OPENED"), "there is no metric here for Klaviyo's 'Opened Email'"),
        (klaviyo_metric(timeframe_filter={**WEEK, "operator": "in-the-next"}), "events lie in the past here"),
        (klaviyo_metric(timeframe_filter={**WEEK, "operator": "anniversary-last"}), "anniversaries are not known here"),
        (klaviyo_metric(timeframe_filter=None), "a time of Klaviyo is an object, not 'None'"),
        (
            filtered("Color", {"type": "existence", "operator": "is-set"}),
            "there is nothing here for Klaviyo's property 'Color'",
        ),
        (
            filtered("Product IDs", {"type": "list", "operator": "length-equals", "value": 2}, RECOMMENDED),
            "how long a list is",
        ),
        (
            filtered("Product IDs", {"type": "list", "operator": "contains-substring", "value": "A"}, RECOMMENDED),
            "by whole elements",
        ),
        (
            filtered("Channel", {"type": "string", "operator": "equals", "value": None}),
            "the filter equals has no value",
        ),
        (
            filtered("Tags", {"type": "list", "operator": "contains-any", "value": ["returns"]}),
            "Tags is a list in Klaviyo and one text here, which contains-any cannot ask of",
        ),
        (
            filtered("Product IDs", {"type": "list", "operator": "contains", "value": "A"}, RECOMMENDED),
            "the filter contains of a list is written contains-any here",
        ),
        (filtered("Channel", None), "a filter of Klaviyo is an object, not 'None'"),  # type: ignore[arg-type]
        (
            {"type": "profile-property", "property": "properties['Color']", "filter": {"type": "existence"}},
            "there is nothing here for Klaviyo's property \"properties['Color']\" of profiles",
        ),
        (
            {"type": "profile-property", "property": "email", "filter": {"type": "date", "operator": "anniversary"}},
            "properties that are dates are not known here",
        ),
        (
            {
                "type": "profile-property",
                "property": "phone_number",
                "filter": {"type": "string", "operator": "phone-country-code-in", "value": ["US"]},
            },
            "countries of phone numbers are not known here",
        ),
        (
            {"type": "profile-marketing-consent", "consent": {"channel": "push", "can_receive_marketing": True}},
            "push notifications are not known here",
        ),
        (
            {
                "type": "profile-marketing-consent",
                "consent": {
                    "channel": "email",
                    "can_receive_marketing": True,
                    "consent_status": {"subscription": "never_subscribed"},
                },
            },
            "not who has never subscribed",
        ),
        (
            {
                "type": "profile-marketing-consent",
                "consent": {
                    "channel": "email",
                    "can_receive_marketing": True,
                    "consent_status": {"subscription": "any", "filters": [{"field": "is_double_opt_in"}]},
                },
            },
            "not how and when it was allowed",
        ),
        (
            {"type": "profile-permissions", "channel": "whatsapp_transactional", "permission": {}},
            "permissions of whatsapp_transactional are not known here",
        ),
        (
            {
                "type": "profile-permissions",
                "channel": "whatsapp_marketing",
                "permission": {"reachable_status": "explicitly_reachable", "filters": []},
            },
            "whether that was said or meant (reachable_status explicitly_reachable)",
        ),
    ],
    ids=str,
)
def test_what_only_klaviyo_can_say_is_refused_with_the_reason(condition: Any, why: str) -> None:
    account = KlaviyoMetrics({**NAMES, "OPENED": "Opened Email"})
    with pytest.raises(Unsayable) as refused:
        definition_from(theirs(klaviyo_metric(), condition), account)
    assert str(refused.value).startswith("condition_groups.0.conditions.1: ")
    assert why in str(refused.value)


def test_every_reason_is_told_at_once() -> None:
    document = {"condition_groups": [theirs({"type": "a"})["condition_groups"][0]] * 2}
    with pytest.raises(Unsayable, match=r"condition_groups.0.conditions.0: .*; condition_groups.1.conditions.0: "):
        definition_from(document, ACCOUNT)


def test_a_window_of_as_many_hours_is_the_same_window() -> None:
    found = definition_for(ours(funnel(completion_window_seconds="DAYS_7")), ACCOUNT)
    assert found["condition_groups"][0]["conditions"][0]["completion_window_seconds"] == "WEEKS_1"


def test_between_is_taken_in_either_order() -> None:
    """Nothing says which of the two Klaviyo writes first, and both orders mean the same time."""
    spans = [
        klaviyo_metric(timeframe_filter={"type": "date", "operator": "between", "unit": "day", "start": one, "end": 15})
        for one in (5, 25)
    ]
    frames = [Definition.model_validate(definition_from(theirs(span), ACCOUNT)) for span in spans]
    shown = [one.condition_groups[0].conditions[0].model_dump()["timeframe_filter"] for one in frames]
    assert [(one["start"], one["end"]) for one in shown] == [(15, 5), (25, 15)]


@pytest.mark.parametrize("name", [name for name, one in METRICS.items() if one.klaviyo])
def test_names_of_metrics_are_compared_without_case_and_punctuation(name: str) -> None:
    spelt = f"{METRICS[name].klaviyo}".upper().replace(" ", "_")
    account = KlaviyoMetrics({"X": spelt, "Y": "Opened Email"})
    assert account.ours("X").name == name
    assert account.id_of(METRICS[name]) == "X"


@pytest.mark.parametrize("spelt", ["Started Conversation", "Started Customer Agent Conversation"])
def test_other_spellings_of_klaviyo_are_known(spelt: str) -> None:
    account = KlaviyoMetrics({"X": spelt})
    assert account.ours("X").name == "Started conversation with Customer Agent"
    assert account.id_of(account.ours("X")) == "X"


def test_two_metrics_of_one_name_are_not_chosen_from() -> None:
    """Two integrations count other orders: a guess would be another audience."""
    account = KlaviyoMetrics({"A": "Placed Order", "B": "Placed order"})
    assert account.ours("A") == account.ours("B") == METRICS["Placed Order"]
    with pytest.raises(Unsayable, match=r"several metrics 'Placed Order', of several integrations \(A, B\)"):
        account.id_of(METRICS["Placed Order"])
    with pytest.raises(Unsayable, match="is not among those of the account"):
        KlaviyoMetrics({}).id_of(METRICS["Placed Order"])


def test_labels_that_newer_pages_of_klaviyo_use_are_known() -> None:
    found = definition_from(
        theirs(filtered("Procedure", {"type": "existence", "operator": "is-set"}, RESOLVED)), ACCOUNT
    )
    assert found["condition_groups"][0]["conditions"][0]["metric_filters"][0]["property"] == "final_skill"


PAGE = {"data": [{"type": "metric", "id": "A", "attributes": {"name": "Placed Order"}}], "links": {"next": None}}


@pytest.mark.parametrize("answer", [PAGE, [PAGE, {"data": []}], {"A": "Placed Order"}])
def test_metrics_are_taken_as_klaviyo_answers_them(answer: Any) -> None:
    assert KlaviyoMetrics.of_answer(json.dumps(answer), "m.json").names == {"A": "Placed Order"}


@pytest.mark.parametrize("answer", ["", "7", '{"data": {}}', '{"data": [{"id": "A"}]}', '{"A": 1}', "[7]"])
def test_what_is_no_answer_with_metrics_is_refused(answer: str) -> None:
    with pytest.raises(InputError, match=r"^m.json: .*GET /api/metrics"):
        KlaviyoMetrics.of_answer(answer, "m.json")


def test_segments_are_found_wherever_klaviyo_has_them() -> None:
    definition = theirs(klaviyo_metric())
    record = {"type": "segment", "id": "S1", "attributes": {"name": "Mine", "definition": definition}}
    named = KlaviyoSegment("S1", "Mine", definition)
    assert segments_in({"data": record}) == segments_in([record]) == segments_in({"data": [record]}) == [named]
    assert segments_in(definition) == [KlaviyoSegment(None, None, definition)]
    assert segments_in({"name": "Mine", "definition": definition}) == [KlaviyoSegment(None, "Mine", definition)]
    for wrong in ({"data": 7}, "x", {"data": {"id": "S1", "attributes": {"name": "a", "definition": None}}}):
        with pytest.raises(Unsayable, match="this is not a segment of Klaviyo"):
            segments_in(wrong)


def test_keys_are_made_of_names_and_differ() -> None:
    names = ["Escalated, last 7 days", "escalated LAST 7 days!", "7 days", None, "日本", "x" * 90]
    keys = list(keys_of([KlaviyoSegment(f"Y{place}", name, {}) for place, name in enumerate(names)]))
    assert keys[:5] == [
        "escalated_last_7_days",
        "escalated_last_7_days_2",
        "segment_7_days",
        "segment_y3",
        "segment_y4",
    ]
    assert keys[5] == "x" * 56
    named = {"Käufer": "kaeufer", "KÄUFER": "kaeufer_2", "São João — élite": "sao_joao_elite", "Łódź №1": "lodz_no1"}
    named |= {"Straße": "strasse", "Ka\u0308ufer": "kaeufer_3", "Købere": "kobere"}
    assert list(keys_of([KlaviyoSegment(None, name, {}) for name in named])) == list(named.values())
