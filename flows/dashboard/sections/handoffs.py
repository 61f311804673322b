"""Hand-offs: who waits for a person, the longest first, what came of the others, and what a helpdesk refused."""

from __future__ import annotations

from typing import Any

from flows.dashboard import rows
from flows.dashboard.look import Look
from flows.ground.errors import AgentMetricsError
from flows.published import handoffs, waiting
from flows.published.handoffs import DIMENSIONS
from flows.published.waiting import WAITING

ASKS = frozenset({"by", "at", "conversation"})
MOST_REFUSED = 20
BY = tuple(one for one in DIMENSIONS if one != "outcome")  # which stands beside them
OUTCOMES = {  # rule 13.2: what each outcome is called, and what it means
    "answered": ("Answered", "a person wrote or joined"),
    "waiting": ("Waiting", "nobody has answered yet"),
    "lost": ("Lost", "accepted, an email is known, and neither a ticket nor a person came"),
    "no_person": ("Got nobody", "asked for a person, and there was none to come"),
    "nobody_there": ("Solved without a word", "the ticket was solved, and nobody wrote to the shopper"),
    "declined": ("Declined", "the shopper did not want a person"),
    "no_answer": ("Offer not answered", "the shopper said neither yes nor no"),
    "not_known": ("Not known", "the team has a ticket or an event, and no source tells what came of it"),
}
REASONS = {
    "not_signed_in": "nobody knows who the shopper is",
    "no_email": "no email address is known",
    "outside_hours": "outside business hours",
}
# Of each dimension: what hand-offs without it are called.
WITHOUT = {
    "channel": "no channel",
    "reason": "no reason",
    "platform": "no helpdesk",
    "skill": "no skill",
    "tag": "no tag",
}
ALWAYS = ("answered", *WAITING, "no_person")


def values(look: Look) -> dict[str, Any]:
    wrong, by = [], look.query.get("by", BY[0])
    if by not in BY:
        wrong.append(look.say("Hand-offs cannot be grouped by “%(name)s”.", name=by))
        by = BY[0]
    asked = (look.reader, look.account.account_id, look.period.first, look.period.last, look.channels)
    found = handoffs.handoffs(*asked)
    shown = {"wrong": wrong, "found": found, **refused(look), **rows.opened(look)}
    if found is None:  # published by a version that knew no hand-offs
        return shown
    waits = waiting.count(look.reader, look.account, look.channels)
    at = rows.offset(look, waits.total)
    waiting_now = waiting.page(look.reader, look.account, look.channels, offset=at, limit=rows.FEW)
    names = {outcome: (look.say(name), look.say(meaning)) for outcome, (name, meaning) in OUTCOMES.items()}
    return {
        **shown,
        "outcomes": [
            (outcome, *names[outcome], found.by_outcome[outcome])
            for outcome in OUTCOMES
            if found.by_outcome[outcome] or outcome in ALWAYS
        ],
        "by": by,
        "dimensions": [(one, look.say.term(one), one == by) for one in BY],
        "without": look.say(WITHOUT[by]),
        "groups": handoffs.handoffs_by(*asked, by=by),
        "waits": waits,
        "waiting": [(one, minutes_of(look, one)) for one in waiting_now],
        "names": names,
        "reasons": {reason: look.say(text) for reason, text in REASONS.items()},
        "part": rows.part(look, waits.total, rows.FEW),
    }


def minutes_of(look: Look, one: waiting.WaitingHandoff) -> int:
    """How long a shopper has waited, as of the publication."""
    return int((look.publication.as_of - one.since).total_seconds() // 60)


def refused(look: Look) -> dict[str, Any]:
    """Hand-offs of which no ticket was taken; what a helpdesk says of it may hold an address, as texts do."""
    try:
        given = look.installation.refused(look.account.account_id)
    except AgentMetricsError:
        why = look.say("Which hand-offs were refused cannot be read now; `agent-metrics status` says why.")
        return {"refused": (), "refused_count": 0, "refused_error": why}
    found = [one for one in given if not look.channel or one.channel == look.channel]
    return {"refused": found[:MOST_REFUSED], "refused_count": len(found), "refused_error": ""}
