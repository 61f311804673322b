"""Definitions of segments that nobody would think of, ours and in Klaviyo's shape."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from flows.audiences.klaviyo.names import WINDOWS
from flows.audiences.metrics import METRICS, PROFILE, Kind, Property

Document = dict[str, Any]
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
NUMBER = st.one_of(
    st.integers(-(10**9), 10**9), st.decimals("-9999999", "9999999", places=4, allow_nan=False).map(float)
)
QUANTITY = st.integers(0, 1000)
UNIT = st.sampled_from(["hour", "day", "week"])
COMPARISON = ["equals", "not-equals", "greater-than", "greater-than-or-equal", "less-than", "less-than-or-equal"]
INSTANT = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.isoformat() + "Z")  # noqa: DTZ001
KLAVIYO_METRICS = {name: f"M{place}" for place, (name, one) in enumerate(METRICS.items()) if one.klaviyo}
NAMES = {f"M{place}": str(one.klaviyo) for place, one in enumerate(METRICS.values()) if one.klaviyo}


def _of(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries(parts)


def _one(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


numbers = _of(type=st.just("numeric"), operator=st.sampled_from(COMPARISON), value=NUMBER)
words = st.one_of(
    _of(
        type=st.just("string"),
        operator=_one("equals", "not-equals", "contains", "not-contains", "starts-with", "not-ends-with"),
        value=TEXT,
    ),
    _of(type=st.just("string"), operator=_one("regex", "nregex"), value=_one("^a", "b+c?", "[a-z]{2}$", r"\d|é")),
    _of(type=st.just("string"), operator=_one("in", "not-in"), value=st.lists(TEXT, max_size=3)),
)
elements = _of(
    type=st.just("list"),
    operator=_one("contains-any", "contains-all", "not-contains-any", "not-contains-all"),
    value=st.lists(TEXT, min_size=1, max_size=3),
)
existence = _of(type=st.just("existence"), operator=_one("is-set", "not-set"))
yes_or_no = _of(type=st.just("boolean"), operator=st.just("equals"), value=st.booleans())
FILTERS: dict[Kind, st.SearchStrategy[Document]] = {
    "string": words,
    "number": numbers,
    "list": elements,
    "boolean": yes_or_no,
}

fixed = st.tuples(INSTANT, INSTANT).map(
    lambda pair: {"type": "date", "operator": "between-static", "start": pair[0], "end": pair[1]}
)
ago = st.tuples(UNIT, QUANTITY, st.integers(1, 1000)).map(
    lambda span: {"type": "date", "operator": "between", "unit": span[0], "start": span[1], "end": span[1] + span[2]}
)
relative = _of(
    type=st.just("date"), operator=_one("in-the-last", "at-least"), unit=UNIT, quantity=QUANTITY.filter(bool)
)
times_of_funnels = st.one_of(fixed, ago, relative)
since = _of(type=st.just("date"), operator=_one("after", "before"), date=INSTANT)
times = st.one_of(times_of_funnels, since, st.just({"type": "date", "operator": "alltime"}))


def _properties(of: dict[str, Property], *, klaviyo: bool) -> st.SearchStrategy[Document]:
    known = {name: one for name, one in of.items() if one.klaviyo}
    return st.sampled_from(sorted(known)).flatmap(
        lambda name: _of(
            property=st.just(known[name].klaviyo if klaviyo else name),
            filter=st.one_of(FILTERS[known[name].type], existence),
        )
    )


def _events(*, klaviyo: bool) -> st.SearchStrategy[Document]:
    """A metric, and filters by what it has."""

    def of(name: str) -> st.SearchStrategy[Document]:
        metric = {"metric_id": KLAVIYO_METRICS[name]} if klaviyo else {"metric": name}
        known = dict(METRICS[name].properties)
        filters = st.lists(_properties(known, klaviyo=klaviyo), max_size=2)
        return filters.map(lambda some: {**metric, "metric_filters": some or (None if klaviyo else [])})

    return st.sampled_from(sorted(KLAVIYO_METRICS)).flatmap(of)


def _measured(*, klaviyo: bool) -> st.SearchStrategy[Document]:
    parts = _of(
        type=st.just("profile-metric"),
        measurement=_one("count", "sum"),
        measurement_filter=numbers,
        timeframe_filter=times,
    )

    def whole(pair: tuple[Document, Document]) -> Document:
        name = (
            next(name for name, one in KLAVIYO_METRICS.items() if pair[0].get("metric_id", name) == one)
            if klaviyo
            else pair[0]["metric"]
        )
        measurement = pair[1]["measurement"] if METRICS[name].value else "count"
        return {**pair[0], **pair[1], "measurement": measurement}

    return st.tuples(_events(klaviyo=klaviyo), parts).map(whole)


def _funnels(*, klaviyo: bool) -> st.SearchStrategy[Document]:
    steps = st.lists(st.tuples(_events(klaviyo=klaviyo), st.booleans()), min_size=2, max_size=4).map(
        lambda found: [{**one, "metric_exists": place == 0 or exists} for place, (one, exists) in enumerate(found)]
    )
    return _of(
        type=st.just("profile-metric-funnel"),
        timeframe_filter=times_of_funnels,
        completion_window_seconds=st.sampled_from([None, *WINDOWS]),
        steps=steps,
    )


def _profiles(*, klaviyo: bool) -> st.SearchStrategy[Document]:
    kind = {"type": "profile-property"}
    return _properties(dict(PROFILE), klaviyo=klaviyo).map(lambda one: {**kind, **one})


def _our_consent(channel: str, can: bool) -> Document:
    return {"type": "profile-marketing-consent", "consent": {"channel": channel, "can_receive_marketing": can}}


def _klaviyo_consent(channel: str, can: bool) -> Document:
    if channel == "whatsapp":
        status = f"implicitly_or_explicitly_{'' if can else 'un'}reachable"
        permission = {"reachable_status": status}
        return {"type": "profile-permissions", "channel": "whatsapp_marketing", "permission": permission}
    found = _our_consent(channel, can)
    found["consent"]["consent_status"] = {"subscription": "subscribed" if channel == "sms" and can else "any"}
    return found


def definitions(*, klaviyo: bool) -> st.SearchStrategy[Document]:
    """Definitions that both can say, in our words or in Klaviyo's."""
    consents = st.builds(_klaviyo_consent if klaviyo else _our_consent, _one("email", "sms", "whatsapp"), st.booleans())
    condition = st.one_of(_measured(klaviyo=klaviyo), _funnels(klaviyo=klaviyo), _profiles(klaviyo=klaviyo), consents)
    group = st.lists(condition, min_size=1, max_size=3).map(lambda found: {"conditions": found})
    return st.lists(group, min_size=1, max_size=3).map(lambda found: {"condition_groups": found})
