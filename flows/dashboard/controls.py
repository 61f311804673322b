"""What people choose with: controls that begin with what the address says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from typing import Any

import marimo as mo

from flows.dashboard import shown
from flows.dashboard.address import DATES, HANDOFFS_BY, Memory, want
from flows.dashboard.periods import NAMES, START, Period, chosen, from_query
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.conversations import ORDERS, tags
from flows.published.events import EVENTS
from flows.published.figures import MARKS, RATES, STATUSES, Rate
from flows.published.filters import Filters
from flows.published.performance import Bar, channels_of
from flows.warehouses.reader import Reader

PAGE, FEW = 25, 10  # rows of the conversations, and of the lists below them
EVER = date(1970, 1, 1)
SKILLS = "select skill, label from metrics.skills where account_id = {} order by label, skill"
ORDER_NAMES = dict(zip(ORDERS, ("last updated", "started", "messages", "sales"), strict=True))
Setter = Callable[[Any], None]
Places = dict[str, tuple[Any, int]]  # of each list: what it lists, and its first row


def accounts(known: Sequence[PublishedAccount], memory: Memory) -> mo.ui.dropdown:
    names = {one.account_id: one.title for one in known}
    doubled = {name for name in names.values() if list(names.values()).count(name) > 1}
    options = {f"{name} ({key})" if name in doubled else name: key for key, name in names.items()}
    value = next((name for name, key in options.items() if key == memory.get("account")), next(iter(options)))
    return mo.ui.dropdown(options=options, value=value, label="Account", allow_select_none=False)


def dates(memory: Memory) -> mo.ui.dropdown:
    wanted = memory.get("dates", START)
    value = NAMES.get(wanted, NAMES["any"] if ".." in wanted else NAMES[START])
    return mo.ui.dropdown(
        options={name: key for key, name in NAMES.items()}, value=value, label="Dates", allow_select_none=False
    )


def channel(known: Collection[str], memory: Memory) -> mo.ui.dropdown:
    """A choice of the account's channels, or of all."""
    options = {"All channels": "", **{shown.channel(name): name for name in known}}
    wanted = memory.get("channel", "")
    value = shown.channel(wanted) if wanted in known else "All channels"
    return mo.ui.dropdown(options=options, value=value, label="Channel", allow_select_none=False)


def group(memory: Memory) -> mo.ui.radio:
    options = ["status", "channel", "tag"]
    return mo.ui.radio(options=options, value=memory["by"], inline=True, label="grouped by")


def handoffs_by(memory: Memory) -> mo.ui.dropdown:
    return mo.ui.dropdown(
        options=list(HANDOFFS_BY), value=memory["handoffs_by"], label="Hand-offs by", allow_select_none=False
    )


def any_range(memory: Memory, today: date) -> mo.ui.date_range:
    """For the choice of any range: that of the address, else the last 30 days."""
    try:
        period = from_query(memory.get("dates", START), today)
    except InputError:
        period = chosen(START, today)
    return mo.ui.date_range(start=EVER, stop=max(today, period.last), value=(period.first, period.last), label="From")


def filters(reader: Reader, account: PublishedAccount, memory: Memory) -> mo.ui.dictionary:
    """The filters of the conversations, together; what they hold is read by `filters_of`."""
    given = _given(memory)
    known_channels = channels_of(reader, account)
    known_tags = ("", *tags(reader, account, EVER, date.max - timedelta(days=2)))
    skills = {
        "any skill": "",
        **{
            f"{label} ({skill})" if label != skill else label: skill
            for skill, label in reader.rows(SKILLS.format(literal(account.account_id)))
        },
    }
    skill = next((name for name, key in skills.items() if key == given.skill), "any skill")
    tag_names = {tag or "no tag": tag for tag in known_tags}
    return mo.ui.dictionary(
        {
            "search": mo.ui.text(
                value=given.search,
                placeholder="words of the first question, or an id",
                label="Search",
                debounce=400,
            ),
            "profile": mo.ui.text(value=given.profile, placeholder="name or id", label="Who", debounce=400),
            "statuses": _several("Status", {shown.status(one): one for one in STATUSES}, given.statuses),
            "tags": _several("Tag", tag_names, given.tags),
            "channels": _several("Channel", {shown.channel(one): one for one in known_channels}, given.channels),
            "order": mo.ui.dropdown(
                options={name: key for key, name in ORDER_NAMES.items()},
                value=ORDER_NAMES.get(memory.get("order", ""), ORDER_NAMES[ORDERS[0]]),
                label="Sorted by",
                allow_select_none=False,
            ),
            "skill": mo.ui.dropdown(options=skills, value=skill, label="Skill", allow_select_none=False),
            "least_messages": mo.ui.number(value=given.least_messages, start=0, step=1, label="Messages from"),
            "most_messages": mo.ui.number(value=given.most_messages, start=0, step=1, label="to"),
            "updated_from": _day(given.updated_from, "Updated from"),
            "updated_to": _day(given.updated_to, "to"),
            "is_sold": mo.ui.checkbox(value=given.is_sold, label="with sales"),
            "is_clicked": mo.ui.checkbox(value=given.is_clicked, label="with clicks"),
            "is_recontacted": mo.ui.checkbox(value=given.is_recontacted, label="came back"),
            "is_deflected": mo.ui.checkbox(value=given.is_deflected, label="sent elsewhere"),
        }
    )


def narrowed(memory: Memory) -> Memory:
    """What narrows the list and no control shows: a topic, a product, and dates within those of the page."""
    return {name: memory[name] for name in ("topic", "product", *DATES) if name in memory}


def filters_of(asked: dict[str, Any], period: Period, channels: tuple[str, ...], narrowed: Memory) -> Filters:
    """What the controls ask of the conversations of a period. Raises InputError where a date is none."""
    query = {name: asked[name] for name in ("search", "profile", "skill", "updated_from", "updated_to")}
    days = Filters.from_query({**query, **narrowed}, period.first, period.last)
    first, last = max(period.first, days.first), min(period.last, days.last)
    first, last = (first, last) if first <= last else (period.first, period.last)  # another period was chosen since
    return Filters(
        first=first,
        last=last,
        search=days.search,
        profile=days.profile,
        channels=channels or tuple(asked["channels"]),
        statuses=tuple(asked["statuses"]),
        tags=tuple(asked["tags"]),
        least_messages=_whole(asked["least_messages"]),
        most_messages=_whole(asked["most_messages"]),
        updated_from=days.updated_from,
        updated_to=days.updated_to,
        topic=days.topic,
        product=days.product,
        skill=days.skill,
        is_sold=asked["is_sold"],
        is_clicked=asked["is_clicked"],
        is_recontacted=asked["is_recontacted"],
        is_deflected=asked["is_deflected"],
    )


def filters_or_error(
    asked: dict[str, Any], period: Period, channels: tuple[str, ...], narrowed: Memory
) -> tuple[Filters, InputError | None]:
    """The filters; those of the period alone, and why, where something is wrong."""
    try:
        return filters_of(asked, period, channels, narrowed), None
    except InputError as error:
        return Filters(period.first, period.last, channels=channels), error


def rows_of_bar(by: str, bar: Bar) -> dict[str, str]:
    """The filters behind a bar of the chart."""
    group = bar.group
    of_group = {
        "status": Filters(bar.first, bar.last, statuses=(group,)),
        "channel": Filters(bar.first, bar.last, channels=(group,)),
        "tag": Filters(bar.first, bar.last, tags=(group,)),
    }
    return of_group[by].to_query()


def event(memory: Memory) -> mo.ui.dropdown:
    options = {name: key for key, name in EVENTS.items()}
    return mo.ui.dropdown(options=options, value=EVENTS[memory["event"]], label="Event", allow_select_none=False)


def rows_of_figures(memory: Memory, renew: Setter) -> mo.ui.dictionary:
    """A button at a key figure, for the conversations behind it."""
    wanted = {
        "volume": {},
        **{rate.name: _behind(rate) for rate in RATES},
        "sales": {"is_sold": "yes"},
        "clicks": {"is_clicked": "yes"},
    }
    return mo.ui.dictionary({key: _wanting(memory, renew, filters) for key, filters in wanted.items()})


def _behind(rate: Rate) -> dict[str, str]:
    """The filters of the conversations to look at behind a rate."""
    statuses = ",".join(one for one in rate.shown if one in STATUSES)
    marks = {MARKS[one]: "yes" for one in rate.shown if one in MARKS}
    return {**({"statuses": statuses} if statuses else {}), **marks}


def of_topics(
    topics: Sequence[str], products: Sequence[str], memory: Memory, renew: Setter, draft: Setter
) -> mo.ui.array:
    """Two buttons for each topic: its conversations, and the draft of its article; then one for each product."""
    of_topic = (
        button
        for topic in topics
        for button in (
            _wanting(memory, renew, {"topic": topic, "product": ""}, "Conversations"),
            mo.ui.button(label="Draft article", on_change=_giving(draft, topic)),
        )
    )
    of_product = (_wanting(memory, renew, {"topic": "", "product": one}, "Conversations") for one in products)
    return mo.ui.array([*of_topic, *of_product])


def opening(rows: Sequence[Any], open_: Setter) -> mo.ui.array:
    """A button for each row, which opens its conversation."""
    return mo.ui.array([mo.ui.button(label="Open", on_change=_giving(open_, row.conversation_id)) for row in rows])


def place(places: Places, name: str, of: Any, total: int) -> int:
    """Where the list begins: where somebody turned to, as long as it is the same list."""
    of_then, at = places.get(name, (None, 0))
    return at if of_then == of and at < total else 0


def turning(name: str, of: Any, at: int, total: int, *, rows: int, go: Setter) -> mo.ui.array:
    """Buttons for the pages before and after."""

    def turn(to: int) -> Callable[[Any], None]:
        return lambda _: go(lambda places: {**places, name: (of, to)})

    return mo.ui.array(
        [
            mo.ui.button(label="‹ Before", disabled=at <= 0, on_change=turn(max(0, at - rows))),
            mo.ui.button(label="Next ›", disabled=at + rows >= total, on_change=turn(at + rows)),
        ]
    )


def _giving(take: Setter, value: str) -> Callable[[Any], None]:
    return lambda _: take(value)


def _wanting(memory: Memory, renew: Setter, wanted: dict[str, str], label: str = "Show") -> mo.ui.button:
    return mo.ui.button(label=label, on_change=lambda _: want(memory, renew, **wanted))


def _several(label: str, options: dict[str, str], values: Sequence[str]) -> mo.ui.multiselect:
    chosen_names = [name for name, key in options.items() if key in values]
    return mo.ui.multiselect(options=options, value=chosen_names, label=label)


def _day(value: date | None, label: str) -> mo.ui.text:
    return mo.ui.text(value=value.isoformat() if value else "", placeholder="2026-06-01", label=label, debounce=400)


def _given(memory: Memory) -> Filters:
    """What the address asks; nothing where it is wrong."""
    try:
        return Filters.from_query(memory, EVER, EVER)
    except InputError:
        return Filters(EVER, EVER)


def _whole(value: float | None) -> int | None:
    """Marimo's numbers begin at 0, which asks nothing here: every conversation has a message."""
    return int(value) if value else None
