"""Answers of Klaviyo as its description has them whole, with what it does not know, and in any other shape."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.api import JsonObject, Part, Unknown
from flows.sources.klaviyo.agent import Report
from flows.sources.klaviyo.endpoints import Group
from flows.sources.klaviyo.parts import Words, conversation_rows
from flows.sources.klaviyo.records import Page
from tests.sources.fake_klaviyo import FakeKlaviyo
from tests.sources.pulled import current, pulled
from tests.sources.test_klaviyo import a_conversation, client

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
PAGE = 90  # fewer than fill a page
LINKS = {"self": "https://a.klaviyo.example/x", "related": "https://a.klaviyo.example/y"}
ODD: tuple[Any, ...] = (
    "text",
    "",
    7,
    7.5,
    True,
    None,
    [],
    ["text"],
    [None],
    {},
    {"a": "b"},
    [{"a": "b"}],
    "half \ud83d",
)
# Of each list: the table of its rows, and the places of a record that have an odd shape, one by one.
PLACES = {
    "profiles": ("profiles", "id attributes attributes.email attributes.first_name attributes.updated"),
    "agent-skills": ("skills", "id attributes attributes.name attributes.display_name attributes.status"),
    "agent-knowledge": (
        "articles",
        "id attributes attributes.source attributes.source.content attributes.source.url attributes.status "
        "attributes.snippet attributes.updated_at",
    ),
    "events": (
        "interactions handoff_events orders order_lines",  # each metric has them
        "id attributes attributes.datetime attributes.timestamp attributes.event_properties relationships "
        "attributes.event_properties.Product_ID relationships.profile relationships.profile.data relationships.metric",
    ),
    "customer-agent-conversations": (
        "conversations",
        "id attributes attributes.status attributes.created_at attributes.updated_at relationships "
        "relationships.customer-agent-messages relationships.customer-agent-messages.data",
    ),
    "customer-agent-messages": ("messages", "id attributes attributes.role attributes.content attributes.created_at"),
    "metrics": ("", "id attributes attributes.name"),
}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKlaviyo]:
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))
    with FakeKlaviyo() as shop:
        yield shop


def everything(shop: FakeKlaviyo) -> None:
    """A record of each kind, with a click and an article."""
    a_conversation(shop, AT)
    clicks = shop.metric("Clicked SMS")
    shop.event(clicks, AT, **{"Conversation ID": "c1", "Product_ID": "p1"})
    source = {"source_type": "snippet", "title": "Returns", "content": "Within 30 days."}
    given = {"source": source, "status": "indexed", "created_at": AT.isoformat(), "updated_at": AT.isoformat()}
    shop.lists["agent-knowledge"].append({"type": "agent-knowledge", "id": "k1", "attributes": given})


def listed(shop: FakeKlaviyo, name: str) -> JsonObject:
    """A sound record of a list."""
    found = shop.messages["c1"] if name == "customer-agent-messages" else shop.lists[name]
    record = deepcopy(found[-1])
    if name == "customer-agent-conversations":
        record = shop._with_messages(record)
    return record


def with_odd(record: JsonObject, place: str, value: Any, number: int) -> JsonObject:
    *way, last = place.split(".")
    record = {**deepcopy(record), "id": f"odd{number}"}
    inner = record
    for name in way:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return record


@pytest.mark.parametrize("name", PLACES)
def test_records_of_another_shape_stop_no_pull_and_refuse_themselves_alone(
    name: str, shop: FakeKlaviyo, lake: Lake
) -> None:
    """An event without properties, or a conversation whose relationships were a text, in the midst of sound ones."""
    everything(shop)
    table, places = PLACES[name]
    sound = listed(shop, name)
    odd = [(place, value) for place in places.split() for value in ODD]
    records = [*(with_odd(sound, *given, number) for number, given in enumerate(odd)), *ODD]
    refused = Counter[str]()
    for begin in range(0, len(records), PAGE):
        shop.besides[name] = records[begin : begin + PAGE]
        summary = pulled("klaviyo", client(shop, channel="sms"), lake)
        refused.update(summary.refused)
        assert not any("(AttributeError)" in one or "(TypeError)" in one for one in summary.refusals)
    assert refused.keys() <= {*table.split(), "conversations"}
    assert refused.total() >= len(ODD) * bool(table)  # what is no metric has no events
    key = {"profiles": "P1", "skills": "faq", "articles": "k1", "interactions": "E000003"}
    assert all(key[one] in current(lake, one) for one in key)
    assert {"c1"} <= current(lake, "conversations").keys()
    assert {f"c1/{turn}" for turn in range(6)} <= current(lake, "messages").keys()
    assert current(lake, "messages")["c1/5"]["skill"] == "faq"


def test_what_a_record_can_do_without_is_null_and_told(shop: FakeKlaviyo, lake: Lake) -> None:
    everything(shop)
    shop.lists["events"][-1]["relationships"]["profile"] = "nobody"
    shop.lists["profiles"][0]["attributes"]["first_name"] = ["Ann"]
    shop.lists["agent-knowledge"][0]["attributes"]["snippet"] = {"text": "x"}
    summary = pulled("klaviyo", client(shop), lake)
    assert summary.refused == {}
    assert summary.unknown_fields == {
        "ArticleAttributes.snippet = ?": 1,
        "EventRelationships.profile = ?": 1,
        "ProfileAttributes.first_name = ?": 1,
    }
    assert current(lake, "profiles")["P1"]["email"] == "a@example.com"


def test_a_field_that_nobody_expected_is_told_and_not_kept(shop: FakeKlaviyo, lake: Lake) -> None:
    everything(shop)
    records = [one for found in (*shop.lists.values(), *shop.messages.values()) for one in found]
    for record in records:
        record["attributes"]["mood"] = record["weather"] = "203.0.113.7"
    shop.whole = True
    summary = pulled("klaviyo", client(shop), lake)
    kinds = ("Article", "Conversation", "Event", "Message", "Metric", "Profile", "Skill")
    assert summary.unknown_fields.keys() == {
        f"{kind}{name}" for kind in kinds for name in (".weather", "Attributes.mood")
    }
    assert summary.refused == {}
    for file in lake.files():
        if file.rows:
            kept = duckdb.execute(f"select to_json(t)::varchar from read_parquet('{lake.path(file)}') t").fetchall()
            assert "203.0.113.7" not in json.dumps(kept), file.table
    assert pulled("klaviyo", client(shop), lake).unknown_fields == {}


def test_names_of_an_events_properties_are_the_accounts_own(shop: FakeKlaviyo, lake: Lake) -> None:
    everything(shop)
    shop.lists["events"][0]["attributes"]["event_properties"]["Shoe size"] = 44
    assert pulled("klaviyo", client(shop), lake).unknown_fields == {}


def test_records_with_every_documented_field_have_nothing_unknown(shop: FakeKlaviyo, lake: Lake) -> None:
    everything(shop)
    shop.whole = True
    at = AT.isoformat()

    def given(name: str, relationships: JsonObject | None = None, **attributes: Any) -> None:
        found = shop.messages["c1"] if name == "customer-agent-messages" else shop.lists[name]
        for record in found:
            record["links"] = LINKS
            record["attributes"] = {**attributes, **record["attributes"]}
            if relationships is not None:
                record["relationships"] = {**relationships, **record.get("relationships", {})}

    def related(kind: str) -> JsonObject:
        return {"data": [{"type": kind, "id": "x"}], "links": LINKS}

    consent = {"consent": "SUBSCRIBED", "consent_timestamp": at, "can_receive_email_marketing": True}
    given("metrics", {"flow-triggers": related("flow")}, created=at, updated=at, integration={"name": "Shop"})
    given(
        "profiles",
        {name: related(name) for name in ("lists", "segments", "push-tokens", "conversations")},
        external_id="x",
        organization="x",
        locale="en",
        title="x",
        image="x",
        created=at,
        last_event_date=at,
        location={"city": "Ulm"},
        properties={"Shoe size": 44},
        subscriptions={"email": {"marketing": consent}},
        predictive_analytics={"historic_clv": 1.0},
    )
    given("events", {"attributions": related("attribution")}, timestamp=int(AT.timestamp()), uuid="u")
    for event in shop.lists["events"]:
        event["relationships"]["metric"]["links"] = event["relationships"]["profile"]["links"] = LINKS
    given(
        "agent-skills",
        {"agent-tools": related("agent-tool")},
        source="custom",
        description="x",
        instructions="x",
        handoff="none",
        references={"tools": []},
        countries=["DE"],
        created_at=at,
        updated_at=at,
    )
    page = {"source_type": "webpage", "url": "https://shop.example", "scope": "single-page", "auto_reindex": True}
    page |= {"child_count": 2, "indexed_child_count": 1, "pending_child_count": 1, "exclude_prefixes": []}
    asked = {"source_type": "question", "question": "How long?", "answer": "30 days."}
    for number, source in enumerate((page, {"source_type": "file", "title": "Sizes"}, asked)):
        shop.lists["agent-knowledge"].append({"id": f"k{number + 2}", "attributes": {"source": source}})
    given("agent-knowledge", type="agent-knowledge", status="indexed", created_at=at, updated_at=at, indexed_at=at)
    for record in shop.lists["agent-knowledge"]:
        record["type"] = record["attributes"].pop("type")
        record["attributes"] |= {"error": None, "countries": []}
    customer = {"email": "a@example.com", "first_name": "Ann", "last_name": None, "phone_number": None}
    given("customer-agent-conversations", channel="web-chat", mode="live", customer=customer)
    given("customer-agent-messages", images=[])
    summary = pulled("klaviyo", client(shop), lake)
    assert (summary.unknown_fields, summary.refused, summary.warnings) == ({}, {}, [])
    articles = current(lake, "articles")
    assert articles.keys() == {"k1", "k2", "k3", "k4"}
    assert (articles["k4"]["title"], articles["k4"]["body"]) == ("How long?", "30 days.")


def test_parts_of_an_earlier_version_are_read_and_one_that_cannot_be_is_refused_alone() -> None:
    """Parts that are in the lake already were not described when they came."""
    related = {"profile": {"data": {"type": "profile", "id": "P1"}, "links": LINKS}}
    said = {"datetime": AT.isoformat(), "uuid": "u", "event_properties": {"Channel": "sms", "Own": 1}}
    event = {"id": "E1", "type": "event", "attributes": said, "relationships": related, "included": "x"}
    kept = [
        Part("conversation/c1", "conversation", "c1", {"id": "c1", "attributes": {"status": "open"}}),
        Part("conversation/c1", "started", "E1", event),
        Part("conversation/c1", "message", "1", {"id": "1", "attributes": {"role": "agent", "content": ["Hi"]}}),
        Part("conversation/c1", "message", "2", {"id": 2, "type": "x", "attributes": {"role": "agent"}}),
    ]
    rows = list(conversation_rows("a", "c1", kept, Words({}, {}, None)))
    refused, conversation, message = rows
    assert (refused.table, refused.refused) == ("messages", "attributes.content \"['Hi']\" is not a text")
    assert (conversation.values["profile_id"], conversation.values["source_status"]) == ("P1", "open")
    assert message.values["message_id"] == "c1/2"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({}, "it has no data"),
        ({"data": "none"}, "data 'none': "),
        ({"data": [], "links": {"next": {"href": "x"}}}, "links.next .* is not a text"),
        ({"data": [], "links": "none"}, "links 'none' is not an object"),
        ([], r"'\[\]' is not an object"),
    ],
)
def test_a_page_that_cannot_be_read_whole_is_refused(answer: Any, why: str) -> None:
    """Without its link to the next the rest of the list would be missing."""
    with pytest.raises(SourceRefused, match=rf"klaviyo answers in a shape that is not known: {why}"):
        Page.answered("klaviyo", answer, Unknown())


@pytest.mark.parametrize(
    ("results", "volume"),
    [
        ([{"groupings": None, "statistics": {"volume": "12"}}], 12),
        ({"groupings": {"channel": "sms"}, "statistics": {"Volume": 12.0}}, 12),
        ([{"statistics": {"volume": None}}], None),
        ([{"statistics": None}], None),
        ([{"statistics": {"volume": "many"}}], "statistics.volume 'many' is not a number"),
        ([{"statistics": "many"}], "statistics 'many'"),
        ([None], "'None' is not an object"),
        (None, "data.attributes.results 'None'"),
    ],
)
def test_a_report_is_read_whole_or_not_at_all(results: Any, volume: Any) -> None:
    """A group that was left out would count as 0."""
    unknown = Unknown()
    answer = {"data": {"type": "x", "id": "1", "attributes": {"results": results}, "links": LINKS}, "links": LINKS}
    if isinstance(volume, str):
        with pytest.raises(SourceRefused, match=volume):
            Report.answered("klaviyo", answer, unknown)
        return
    (result,) = Report.answered("klaviyo", answer, unknown).data.attributes.results
    assert result.figure("volume") == (None if volume is None else Decimal(volume))
    assert unknown.besides(()) == {}


def test_consent_is_asked_for_and_kept_as_klaviyo_has_it(shop: FakeKlaviyo, lake: Lake) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    email = {"marketing": {"can_receive_email_marketing": True, "method": "FORM"}}
    sms = {"marketing": {"can_receive_sms_marketing": False}}
    whatsapp = {"marketing": {"can_receive": True, "metadata": {}}, "conversational": {"can_receive": False}}
    told = {"email": email, "sms": sms, "whatsapp": whatsapp}
    shop.profile("P1", at, email="a@example.com", subscriptions=told)
    shop.profile("P2", at, email="b@example.com")
    summary = pulled("klaviyo", client(shop), lake)
    profiles = current(lake, "profiles")
    channels = ("email", "sms", "whatsapp")
    said = {name: [row[f"can_receive_{channel}"] for channel in channels] for name, row in profiles.items()}
    assert said == {"P1": [True, False, True], "P2": [None, None, None]}
    assert summary.unknown_fields == {}
    assert "FORM" not in profiles["P1"]["_payload"]


def test_profiles_count_without_consent_where_klaviyo_refuses_the_question(shop: FakeKlaviyo, lake: Lake) -> None:
    shop.tells_consent = False
    shop.profile("P1", datetime.now(UTC) - timedelta(days=1), email="a@example.com")
    pulled("klaviyo", client(shop), lake)
    row = current(lake, "profiles")["P1"]
    assert (row["email"], row["can_receive_email"]) == ("a@example.com", None)
