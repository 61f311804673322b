"""Small shops and definitions, drawn: edges to the microsecond, nulls, and texts that mean something elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from flows.audiences.definition import Definition
from flows.audiences.metrics import METRICS, PROFILE, Kind

AS_OF = datetime(2026, 6, 7, 12, tzinfo=UTC)
HOURS = (0, 1, 2, 24, 48, 7 * 24, 14 * 24)
TICK = timedelta(microseconds=1)
TEXTS = (
    *("", "a", "A", "ab", "sms", "routed", "visitor", " a ", "it's", 'say "a"', "''", "50 %", "a_b", "--", ";"),
    *("back\\slash", "\\", "\\'", "\\u0061", "naïve", "日本", "😀a", "e\u0301", "{{x}}", "{{as_of}}", "{{text:61}}"),
    *("{% if a %}", "two\nlines", "a\ttab", "\na"),
)
# What all three readings of a regular expression have in common.
PATTERNS = ("a", "^a", "^a$", "[0-9]+ %", "a|日", r"\\", r"\{\{", "'", "", "^$", "(?i)A", r"a.*b", r"\bab\b")
AMOUNTS = tuple(map(Decimal, ("0", "1", "2", "0.0001", "2.5", "-1", "9999999999.9999")))
NUMBERS = ("equals", "not-equals", "greater-than", "greater-than-or-equal", "less-than", "less-than-or-equal")
STARTS = ("equals", "contains", "starts-with", "ends-with")

accounts = st.sampled_from(("here", "there"))
ids = st.sampled_from(("1", "2", "it's"))
texts = st.sampled_from(TEXTS)
amounts = st.sampled_from(AMOUNTS[:5])
counts = st.integers(0, 3)
instants = st.builds(
    lambda hours, ticks: AS_OF - timedelta(hours=hours) + ticks * TICK, st.sampled_from(HOURS), st.integers(-1, 1)
)
past = instants.map(lambda at: min(at, AS_OF))  # nothing published is after as-of
lists = st.none() | st.lists(texts, max_size=3)


def _rows(*unique: str, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    row = st.fixed_dictionaries({"account_id": accounts, **columns})
    keys = ("account_id", *unique)
    return st.lists(row, max_size=4, unique_by=(lambda one: tuple(one[key] for key in keys)) if unique else None)


def _or_null(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | some


shopper = {"profile_id": _or_null(ids)}
conversation = {**shopper, "conversation_id": ids}
order = {**shopper, "placed_at": past, "revenue": amounts}
reach = st.sampled_from(("reachable", "no_address", "not_allowed", "not_known"))
TABLES: Mapping[str, st.SearchStrategy[list[dict[str, Any]]]] = {
    "profiles": _rows(
        "profile_id", profile_id=ids, name=_or_null(texts), email=_or_null(texts), phone=_or_null(texts),
        email_reach=reach, sms_reach=reach, whatsapp_reach=reach,
    ),
    "conversations": _rows(
        "conversation_id", **conversation, started_at=past, status=st.sampled_from(("resolved", "routed", "open")),
        channel=texts, tag=_or_null(texts), agent=_or_null(texts), initial_skill=_or_null(texts),
        final_skill=_or_null(texts), escalation_reason=_or_null(texts), handoff_method=_or_null(texts),
        rating=_or_null(counts), attributed_revenue=amounts, human_message_count=counts,
        is_recontacted=_or_null(st.booleans()), is_deflected=st.booleans(),
    ),
    "handoffs": _rows("conversation_id", conversation_id=ids, outcome=texts),
    "messages": _rows(
        "conversation_id", "position", conversation_id=ids, position=st.integers(1, 3),
        sender=st.sampled_from(("visitor", "agent", "human", "system")),
    ),
    "agent_events": _rows(
        **conversation, occurred_at=past, channel=texts, tag=_or_null(texts), initial_skill=_or_null(texts),
        final_skill=_or_null(texts), escalation_reason=_or_null(texts), product_ids=lists,
        event=st.sampled_from(
            ("conversation_started", "conversation_resolved", "conversation_escalated", "product_recommended")
        ),
    ),
    "orders": _rows(**order, net_revenue=amounts, cancelled_at=_or_null(past)),
    "order_lines": _rows(**order, product_id=_or_null(texts), quantity=amounts),
    "attributed_order_lines": _rows(
        **order, conversation_id=ids, product_id=texts, channel=texts, touch_type=texts | st.just("inferred")
    ),
    "interactions": _rows(
        **conversation, occurred_at=past, product_id=_or_null(texts), url=_or_null(texts), quantity=counts,
        type=st.sampled_from(("product_card_click", "link_click", "add_to_cart", "message_open")),
    ),
    "tickets": _rows(
        **shopper, conversation_id=_or_null(ids), platform=texts, status=_or_null(texts), created_at=past,
        solved_at=_or_null(past), first_human_reply_at=_or_null(past), satisfaction=_or_null(texts),
    ),
    "knowledge_gap_questions": _rows(
        conversation_id=ids, topic_id=_or_null(ids), asked_at=past, is_covered=st.booleans(),
        kind=st.sampled_from(["knowledge", "product", "other"]),
    ),
    "knowledge_gap_topics": _rows("topic_id", topic_id=ids, label=texts, is_gap=st.booleans()),
}  # fmt: skip


@st.composite
def shops(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Rows by table; `profile_reach` is the tests' name of the model behind consent."""
    shop = {table: draw(rows) for table, rows in TABLES.items()}
    for row in shop["conversations"]:
        of_it = [
            one for one in shop["messages"]
            if (one["account_id"], one["conversation_id"]) == (row["account_id"], row["conversation_id"])
        ]  # fmt: skip
        row["message_count"] = sum(one["sender"] != "system" for one in of_it)
    return {**shop, "profile_reach": shop["profiles"]}


def together(found: Sequence[Mapping[str, list[dict[str, Any]]]]) -> dict[str, list[dict[str, Any]]]:
    """Several shops as accounts of one."""
    return {
        table: [
            {**row, "account_id": f"{row['account_id']} {number}"}
            for number, one in enumerate(found)
            for row in one[table]
        ]
        for table in found[0]
    }


crowds = st.lists(shops(), min_size=4, max_size=4).map(together)
numeric = st.builds(
    lambda operator, value: {"type": "numeric", "operator": operator, "value": str(value)},
    st.sampled_from(NUMBERS),
    st.sampled_from(AMOUNTS),
)


def _words(operators: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda operator, value: {"type": "string", "operator": operator, "value": value},
        st.sampled_from(operators),
        values,
    )


FILTERS: Mapping[Kind, st.SearchStrategy[dict[str, Any]]] = {
    "number": numeric,
    "boolean": st.builds(lambda value: {"type": "boolean", "value": value}, st.booleans()),
    "string": st.one_of(
        _words((*STARTS, *(f"not-{one}" for one in STARTS)), texts),
        _words(("in", "not-in"), st.lists(texts, max_size=3)),
        _words(("regex", "nregex"), st.sampled_from(PATTERNS)),
    ),
    "list": st.builds(
        lambda operator, value: {"type": "list", "operator": operator, "value": value},
        st.sampled_from(("contains-any", "contains-all", "not-contains-any", "not-contains-all")),
        st.lists(texts, min_size=1, max_size=3),
    ),
}
EXISTENCE = st.sampled_from(("is-set", "not-set")).map(lambda operator: {"type": "existence", "operator": operator})


def filters(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    return FILTERS[kind] | EXISTENCE


@st.composite
def timeframes(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(
        st.sampled_from(("alltime", "in-the-last", "at-least", "between", "after", "before", "between-static"))
    )
    frame: dict[str, Any] = {"type": "date", "operator": operator}
    unit, quantities = draw(st.sampled_from((("hour", (0, 1, 2, 24)), ("day", (0, 1, 2, 7)), ("week", (0, 1, 2)))))
    if operator in {"in-the-last", "at-least"}:
        frame |= {"unit": unit, "quantity": draw(st.sampled_from(quantities[1:]))}
    elif operator == "between":
        end, start = sorted(draw(st.lists(st.sampled_from(quantities), min_size=2, max_size=2, unique=True)))
        frame |= {"unit": unit, "start": start, "end": end}
    elif operator in {"after", "before"}:
        frame["date"] = draw(instants).isoformat()
    elif operator == "between-static":
        start_at, end_at = sorted((draw(instants), draw(instants)))
        frame |= {"start": start_at.isoformat(), "end": end_at.isoformat()}
    return frame


@st.composite
def metrics(draw: st.DrawFn) -> dict[str, Any]:
    """A metric and filters of its properties."""
    metric = METRICS[draw(st.sampled_from(sorted(METRICS)))]
    names = draw(st.lists(st.sampled_from(sorted(metric.properties)), max_size=2))
    asked = [{"property": name, "filter": draw(filters(metric.properties[name].type))} for name in names]
    return {"metric": metric.name, "metric_filters": asked}


@st.composite
def measured(draw: st.DrawFn) -> dict[str, Any]:
    metric = draw(metrics())
    can_sum = METRICS[metric["metric"]].value is not None
    measurement = draw(st.sampled_from(("count", "sum"))) if can_sum else "count"
    asked = {"measurement": measurement, "measurement_filter": draw(numeric), "timeframe_filter": draw(timeframes())}
    return {"type": "profile-metric", **metric, **asked}


@st.composite
def funnels(draw: st.DrawFn) -> dict[str, Any]:
    first = draw(metrics())
    others = [
        {**draw(metrics()), "metric_exists": draw(st.booleans())} for _ in range(draw(st.sampled_from((1, 1, 2, 3))))
    ]
    window = draw(st.sampled_from((None, "HOURS_1", "HOURS_2", "DAYS_1", "WEEKS_1", "YEARS_1")))
    frame = draw(timeframes())
    asked = {"timeframe_filter": frame, "completion_window_seconds": window, "steps": [first, *others]}
    return {"type": "profile-metric-funnel", **asked}


@st.composite
def profile_properties(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(PROFILE)))
    return {"type": "profile-property", "property": name, "filter": draw(filters(PROFILE[name].type))}


consents = st.builds(
    lambda channel, can: {
        "type": "profile-marketing-consent",
        "consent": {"channel": channel, "can_receive_marketing": can},
    },
    st.sampled_from(("email", "sms", "whatsapp")),
    st.booleans(),
)
conditions = st.one_of(measured(), funnels(), profile_properties(), consents)
groups = st.lists(conditions, min_size=1, max_size=2).map(lambda found: {"conditions": found})
definitions = st.lists(groups, min_size=1, max_size=2).map(
    lambda found: Definition.model_validate({"condition_groups": found})
)
