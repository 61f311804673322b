"""Rules 4.4 and 3.4: which conversation a ticket came out of, and the hand-off steps that it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flows.delivery.ledger import HandedOver
from tests.reference.counted import Shop
from tests.reference.landing import Row
from tests.reference.shoppers import Shoppers, written_alike
from tests.reference.threads import HANDOFF_TYPES, Thread

BEFORE, AFTER = timedelta(hours=24), timedelta(minutes=5)
Found = tuple[Thread | None, str | None]


def published_tickets(shop: Shop, started: list[Thread], shoppers: Shoppers) -> list[Row]:
    """`started` are the threads as delivered, without derived steps."""
    rows = []
    for ticket in shop.rows["tickets"]:
        thread, matched_by = match(ticket, started, shoppers)
        theirs = shoppers.of_conversation(thread).profile_id if thread else None
        taken = ("account_id", "platform", "ticket_id", "status", "created_at", "satisfaction", "reopen_count")
        rows.append(
            {name: ticket[name] for name in taken}
            | {
                "conversation_id": thread.id if thread else None,
                "matched_by": matched_by,
                "profile_id": ticket["profile_id"] or shoppers.profile_of_email(ticket["email"]) or theirs,
                "created_on": shop.on(ticket["created_at"]),
                **{name: reached(ticket[name], shop.as_of) for name in ("first_human_reply_at", "solved_at")},
            }
        )
    return rows


def reached(instant: datetime | None, as_of: datetime) -> datetime | None:  # 1.3
    return instant if instant is not None and instant <= as_of else None


def match(ticket: Row, started: list[Thread], shoppers: Shoppers) -> Found:
    """4.4"""
    for thread in started:
        if thread.id == ticket["conversation_id"]:
            return thread, "conversation"
    name = (ticket["platform"], ticket["ticket_id"])
    naming = [
        (step["occurred_at"], step["handoff_event_id"], thread)
        for thread in started
        for step in thread.steps
        if (step["platform"], step["ticket_id"]) == name
    ]
    if naming:
        return min(naming, key=lambda one: one[:2])[2], "handoff_step"
    of_profile = [one for one in started if is_of(ticket["profile_id"], shoppers.of_conversation(one).profile_id)]
    if found := nearest(ticket, of_profile):
        return found, "profile"
    named = shoppers.profile_of_email(ticket["email"])
    of_email = [
        one
        for one in started
        if is_of(named, shoppers.of_conversation(one).profile_id) or gave(one, written_alike(ticket["email"]))
    ]
    if found := nearest(ticket, of_email):
        return found, "email"
    return None, None


def is_of(profile_id: str | None, other: str | None) -> bool:
    return profile_id is not None and profile_id == other


def gave(thread: Thread, email: str | None) -> bool:
    return email is not None and any(written_alike(step["email"]) == email for step in thread.of_type("email_provided"))


def nearest(ticket: Row, threads: list[Thread]) -> Thread | None:
    at = ticket["created_at"]
    near: list[tuple[Any, ...]] = []
    for thread in threads:
        instants = [step["occurred_at"] for step in thread.of_type(*HANDOFF_TYPES)]
        instants += [message["sent_at"] for message in thread.by("human")]
        near += [(abs(one - at), one, thread.id, thread) for one in instants if at - BEFORE <= one <= at + AFTER]
    return min(near, key=lambda one: (one[0], one[1], one[2].encode()))[3] if near else None


def with_tickets(thread: Thread, tickets: list[Row]) -> Thread:
    """3.4 The thread with the steps that its tickets, as published, stand for."""
    derived = [
        step
        for ticket in tickets
        if ticket["conversation_id"] == thread.id
        for step in steps_of(ticket)
        if not any(
            (one["type"], one["platform"], one["ticket_id"]) == (step["type"], step["platform"], step["ticket_id"])
            for one in thread.steps
        )
    ]
    delivered = [step | {"is_derived": False} for step in thread.steps]
    steps = sorted([*delivered, *derived], key=lambda row: (row["occurred_at"], row["handoff_event_id"]))
    return replace(thread, steps=steps)


def with_deliveries(thread: Thread, handed_over: Sequence[HandedOver]) -> Thread:
    """3.4 The thread, with the steps of its tickets, and those that our own deliveries stand for."""
    steps = list(thread.steps)
    for one in handed_over:
        is_of_it = (one.account, one.conversation_id) == (thread.shop.account["account_id"], thread.id)
        is_told = one.method == "ticket" and bool(thread.of_type("ticket_created"))
        if is_of_it and not is_told and one.delivered_at <= thread.shop.as_of:
            steps.append(
                {
                    "account_id": one.account,
                    "handoff_event_id": f"{in_id(one.conversation_id)}/handed_over",
                    "conversation_id": one.conversation_id,
                    "type": "message_sent" if one.method == "message" else "ticket_created",
                    "occurred_at": one.delivered_at,
                    "reason": None,
                    "platform": one.platform,
                    "ticket_id": one.ticket_id,
                    "email": None,
                    "is_derived": True,
                }
            )
    return replace(thread, steps=sorted(steps, key=lambda row: (row["occurred_at"], row["handoff_event_id"])))


def steps_of(ticket: Row) -> Iterator[Row]:
    """The text of `handoff_event_id` only orders steps of one instant."""
    for kind, instant in (("ticket_created", ticket["created_at"]), ("human_joined", ticket["first_human_reply_at"])):
        if instant is not None:
            parts = [ticket["conversation_id"], kind, ticket["platform"], ticket["ticket_id"]]
            yield {
                "account_id": ticket["account_id"],
                "handoff_event_id": "/".join(map(in_id, parts)),
                "conversation_id": ticket["conversation_id"],
                "type": kind,
                "occurred_at": instant,
                "reason": None,
                "platform": ticket["platform"],
                "ticket_id": ticket["ticket_id"],
                "email": None,
                "is_derived": True,
            }


def in_id(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")
