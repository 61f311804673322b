"""What a person needs first: the key figures, the conversations over time, the gaps, and who waits."""

from __future__ import annotations

from typing import Any

from flows.dashboard import cards, stack
from flows.dashboard.look import Look
from flows.dashboard.sections.handoffs import minutes_of, refused
from flows.dashboard.sections.knowledge import gaps_of, without_topics
from flows.ground.errors import AgentMetricsError
from flows.published import endings, notes, performance, waiting
from flows.published.figures import OPEN_REASONS
from flows.published.performance import GROUPS, Bar, unit_of

ASKS = frozenset({"by"})
MOST_GAPS, MOST_WAITING = 4, 3


def values(look: Look) -> dict[str, Any]:
    wrong, by = [], look.query.get("by", GROUPS[0])
    if by not in GROUPS:
        wrong.append(look.say("Conversations cannot be grouped by “%(name)s”.", name=by))
        by = GROUPS[0]
    first, last = look.period.first, look.period.last
    asked = (look.reader, look.account, first, last)
    bars = performance.bars(*asked, by=by, channels=look.channels, week=look.week)
    chart = stack.stacked(bars, by, first, last, look.say, week=look.week)
    return {
        "wrong": wrong,
        "cards": cards.cards(look),
        "notes": notes.notes(look.reader, look.account, look.publication, first, last),
        "by": by,
        "groups": [(one, look.say(one), one == by) for one in GROUPS],
        "unit": unit_of(first, last),
        "chart": chart,
        "links": [_behind(look, by, piece.bar) for piece in chart.pieces],
        "skills": endings.skill_endings(*asked, look.channels),
        **_gaps(look),
        **_waiting(look),
        "refused_count": refused(look)["refused_count"],
    }


def _behind(look: Look, by: str, bar: Bar) -> str:
    """The conversations of a bar."""
    group = {"status": "statuses", "channel": "channels", "tag": "tags"}[by]
    if by == "status" and bar.group in OPEN_REASONS:
        group = "open_reasons"
    value = bar.group or '[""]'  # of a tag: none
    return look.to("conversations", **{"from": bar.first.isoformat(), "to": bar.last.isoformat(), group: value})


def _gaps(look: Look) -> dict[str, Any]:
    try:
        _, found = gaps_of(look, MOST_GAPS)
    except AgentMetricsError as error:
        return {"gaps": (), "no_gaps": without_topics(look, error)}
    return {"gaps": found, "no_gaps": ""}


def _waiting(look: Look) -> dict[str, Any]:
    if not waiting.are_published(look.reader):
        return {"waits": None, "waiting": ()}
    found = waiting.page(look.reader, look.account, look.channels, limit=MOST_WAITING)
    return {
        "waits": waiting.count(look.reader, look.account, look.channels),
        "waiting": [(one, minutes_of(look, one)) for one in found],
    }
