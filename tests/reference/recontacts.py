"""Rule 13.4: whether the shopper of a resolved conversation came back, and with what."""

from __future__ import annotations

from datetime import timedelta

from tests.reference.landing import Row
from tests.reference.shoppers import Shoppers
from tests.reference.threads import Thread
from tests.reference.tickets import is_of

NOT_ASKED: Row = dict.fromkeys(("is_recontacted", "recontacted_at", "recontacted_by", "recontact_id"))


def recontact(thread: Thread, started: list[Thread], tickets: list[Row], shoppers: Shoppers) -> Row:
    """The four columns of `conversations`; `tickets` are those that are published."""
    days: int = thread.shop.account["recontact_days"]
    shopper = shoppers.of_conversation(thread)
    is_known = shopper.profile_id is not None or shopper.visitor_id is not None
    closed_at, _ = thread.closing
    if thread.status != "resolved" or closed_at is None or not is_known or days == 0:
        return NOT_ASKED
    contacts = [
        (other.started_at, "conversation", other.id)
        for other in started
        if other.id != thread.id and shopper.is_same(shoppers.of_conversation(other))
    ]
    contacts += [
        (ticket["created_at"], "ticket", ticket["ticket_id"])
        for ticket in tickets
        if is_of(shopper.profile_id, ticket["profile_id"]) and ticket["conversation_id"] != thread.id
    ]
    until = closed_at + timedelta(hours=24 * days)
    counting = [one for one in contacts if thread.last["sent_at"] < one[0] <= until]
    if not counting:
        return NOT_ASKED | {"is_recontacted": False}
    at, by, key = min(counting, key=lambda one: (one[0], one[1], one[2].encode()))
    return {"is_recontacted": True, "recontacted_at": at, "recontacted_by": by, "recontact_id": key}
