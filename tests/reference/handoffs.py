"""Rules 13.1 to 13.3 once more: what came of each conversation that was, or was to be, handed over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.reference.business_hours import BusinessHours, business_hours
from tests.reference.counted import Shop
from tests.reference.landing import Row
from tests.reference.shoppers import Shoppers, exists, written_alike
from tests.reference.threads import HANDOFF_TYPES, Thread

MINUTE = timedelta(minutes=1)
TAKEN = ("matched_by", "reopen_count", "satisfaction")
ENDS = {"ticket": "created_at", "reply": "replied_at", "solve": "solved_at"}


def handoffs(shop: Shop, started: list[Thread], tickets: list[Row]) -> list[Row]:
    """The rows of `handoffs`; `started` are the threads with the steps that `tickets`, as published, stand for."""
    shoppers = Shoppers(shop)
    hours = next((business_hours(row, shop.account) for row in shop.rows["business_hours"]), None)
    return [
        _row(shop, thread, shoppers, tickets, hours)
        for thread in started
        if thread.by("human") or any(step["type"] != "email_provided" for step in thread.steps)
    ]


def _row(
    shop: Shop, thread: Thread, shoppers: Shoppers, tickets: list[Row], hours: BusinessHours | None
) -> dict[str, Any]:
    wrote = [message["sent_at"] for message in thread.by("human")]
    platform, ticket_id = thread.ticket
    ticket = next(
        (
            one
            for one in tickets
            if (one["platform"], one["ticket_id"]) == (platform, ticket_id) and one["conversation_id"] == thread.id
        ),
        None,
    )
    closed_at, closed_by = thread.closing
    row: dict[str, Any] = {
        "account_id": shop.account["account_id"],
        "conversation_id": thread.id,
        **{name: thread.conversation[name] for name in ("channel", "tag", "agent")},
        "skill": thread.skilled[-1]["skill"] if thread.skilled else None,
        "reason": _reason(thread),
        "profile_id": shoppers.of_conversation(thread).profile_id,
        "email": _email(thread, shoppers),
        "method": thread.handoff_method,
        "platform": platform,
        "ticket_id": ticket_id,
        **{name: ticket[name] if ticket else None for name in TAKEN},
        "began_at": min([step["occurred_at"] for step in thread.steps if step["type"] != "email_provided"] + wrote),
        "offered_at": _first(thread, "offered"),
        "accepted_at": _first(thread, "accepted"),
        "declined_at": max((step["occurred_at"] for step in thread.of_type("declined")), default=None),
        "handed_off_at": thread.handed_off_at,
        "created_at": _first(thread, "ticket_created"),
        "replied_at": min([step["occurred_at"] for step in thread.of_type("human_joined")] + wrote, default=None),
    }
    row["began_on"] = shop.on(row["began_at"])
    row["solved_at"] = ticket["solved_at"] if ticket else (closed_at if closed_by == "human" else None)
    row["outcome"] = _outcome(thread, row, is_ticket_known=ticket is not None)
    row["is_within_business_hours"] = hours.are_on(row["began_at"]) if hours else None
    row["outcome_reason"] = _outcome_reason(thread, row)
    row["minutes_to_accept"] = _minutes(row["offered_at"], row["accepted_at"])
    for name, end in ENDS.items():
        minutes = row[f"minutes_to_{name}"] = _minutes(row["handed_off_at"], row[end])
        in_hours = hours.minutes(row["handed_off_at"], row[end]) if hours and minutes is not None else None
        row[f"business_minutes_to_{name}"] = in_hours
    outside = [one for one in thread.by("system") if hours and not hours.are_on(one["sent_at"])]
    row["outside_hours_messages"] = len(outside) if hours else None
    return row


def _first(thread: Thread, kind: str) -> datetime | None:
    return min((step["occurred_at"] for step in thread.of_type(kind)), default=None)


def _reason(thread: Thread) -> str | None:
    """13.1 As 3.6 has it, whatever the status."""
    told = [step["reason"] for kinds in (HANDOFF_TYPES, ("offered",)) for step in thread.of_type(*kinds)]
    return next((reason for reason in told if reason is not None), None)


def _email(thread: Thread, shoppers: Shoppers) -> str | None:
    given = [step["email"] for step in thread.of_type("email_provided") if written_alike(step["email"])]
    profile = shoppers.profiles.get(shoppers.of_conversation(thread).profile_id or "")
    known = [*given[-1:], *([profile["email"]] if profile else []), thread.conversation["email"]]
    return next((email for email in known if exists(email)), None)


def _outcome(thread: Thread, row: Row, *, is_ticket_known: bool) -> str:
    """13.2"""
    is_over = thread.shop.as_of >= thread.timed_out_at
    words = [step["type"] for step in thread.of_type("accepted", "declined")]
    if row["replied_at"]:
        return "answered"
    if row["created_at"]:
        if row["solved_at"]:
            return "nobody_there"
        return "waiting" if is_ticket_known else "not_known"
    if words[-1:] == ["accepted"]:
        if any(step["is_derived"] for step in thread.of_type("message_sent")):
            return "not_known"
        if not is_over:
            return "waiting"
        return "lost" if row["email"] else "no_person"
    if words:
        return "declined"
    if thread.of_type("message_sent"):
        return "no_person"
    if any(step["reason"] == "shopper_request" for step in thread.steps):
        return "no_person" if is_over else "waiting"
    return "no_answer"


def _outcome_reason(thread: Thread, row: Row) -> str | None:
    """13.2"""
    if row["outcome"] != "no_person" and (row["outcome"] != "waiting" or row["created_at"]):
        return None
    is_message = bool(thread.of_type("message_sent")) and not thread.of_type("accepted", "declined")
    if row["email"] is None and not is_message:
        return "no_email" if row["profile_id"] else "not_signed_in"
    return "outside_hours" if row["is_within_business_hours"] is False else None


def _minutes(begin: datetime | None, end: datetime | None) -> int | None:
    """13.3 Whole minutes of elapsed time; null where they go backwards."""
    if begin is None or end is None or end < begin:
        return None
    return (end - begin) // MINUTE
