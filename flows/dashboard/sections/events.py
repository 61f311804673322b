"""Events, all of them or one: how often on each date, and each time that it happened."""

from __future__ import annotations

from typing import Any

from flows.dashboard import rows
from flows.dashboard.look import Look
from flows.dashboard.stack import counted_by_day
from flows.published import events
from flows.published.events import EVENTS, Event

ALL = "all"
ASKS = frozenset({"event", "at", "conversation"})


def values(look: Look) -> dict[str, Any]:
    event, wrong = look.query.get("event", ALL), []
    if event not in (ALL, *EVENTS):
        wrong.append(look.say("There is no event “%(name)s”.", name=event))
        event = ALL
    one = None if event == ALL else event
    asked = (look.reader, look.account, one, look.period.first, look.period.last)
    counts = events.counts(*asked, channels=look.channels)
    total = sum(count for _, count in counts)
    found = events.feed(*asked, channels=look.channels, offset=rows.offset(look, total), limit=rows.PAGE)
    return {
        "wrong": wrong,
        "is_of_all": event == ALL,
        "events": [
            (ALL, look.say("All events"), event == ALL),
            *((name, look.say(text), name == event) for name, text in EVENTS.items()),
        ],
        "names": EVENTS,
        "chart": counted_by_day(counts, look.period.first, look.period.last, look.week),
        "rows": [(one, _properties(look, one)) for one in found],
        "part": rows.part(look, total, rows.PAGE),
        **rows.opened(look),
    }


def _properties(look: Look, event: Event) -> list[tuple[str, str]]:
    say = look.say
    values = {
        say("first skill"): look.skill(event.initial_skill) if event.initial_skill else None,
        say("last skill"): look.skill(event.final_skill) if event.final_skill else None,
        say("tag"): event.tag,
        say("reason"): say.term(event.escalation_reason) if event.escalation_reason else None,
        say("products"): ", ".join(one.title or one.product_id for one in event.products),
    }
    return [(name, value) for name, value in values.items() if value]
