"""Rule 12.4 once more: what becomes of each recommendation that no order followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.reference.counted import Shop
from tests.reference.landing import Row
from tests.reference.shoppers import Shoppers
from tests.reference.threads import Thread

Sent = Sequence[tuple[str, str, datetime]]
"""Account, conversation, and when its follow-up was sent."""
DAY = timedelta(days=1)
CANCELLED = {"order", "newer", "expired"}
OF_A_SHOPPER = ("orders", "conversations", "tickets")
WAYS = (("email", "can_receive_email"), ("phone", "can_receive_sms"), ("phone", "can_receive_whatsapp"))


def follow_ups(shop: Shop, tables: dict[str, list[Row]], started: list[Thread], sent: Sent) -> list[Row]:
    """The rows of `follow_ups`, from what else is published of the shop."""
    shoppers, account = Shoppers(shop), shop.account["account_id"]
    profiles = {row["profile_id"]: row for row in shop.rows["profiles"]}
    rows = []
    for thread in started:
        young = [one for one in thread.recommending if shop.as_of - one["sent_at"] < 30 * DAY]
        profile_id = shoppers.of_conversation(thread).profile_id
        if young and profile_id in profiles:
            at = young[-1]["sent_at"]
            rows.append(
                {
                    "account_id": account,
                    "conversation_id": thread.id,
                    "profile_id": profile_id,
                    "product_ids": young[-1]["recommended_product_ids"],
                    "recommended_at": at,
                    "due_at": at + timedelta(hours=shop.account["follow_up_hours"]),
                }
            )
    newest = list({row["profile_id"]: row for row in sorted(rows, key=_by_time)}.values())
    for row in rows:
        told = [at for of, conversation, at in sent if (of, conversation) == (account, row["conversation_id"])]
        row["sent_at"] = min((at for at in told if at <= shop.as_of), default=None)
        reason = _reason(shop, tables, row, profiles[row["profile_id"]], is_newest=row in newest)
        row["reason"] = None if row["sent_at"] else reason
        row["state"] = _state(shop, row)
    return rows


def _by_time(row: Row) -> tuple[datetime, bytes]:
    return row["recommended_at"], row["conversation_id"].encode()


def _reason(shop: Shop, tables: dict[str, list[Row]], row: Row, profile: Row, *, is_newest: bool) -> Any:
    mine = {table: [one for one in tables[table] if one["profile_id"] == row["profile_id"]] for table in OF_A_SHOPPER}
    if any(order["placed_at"] > row["recommended_at"] for order in mine["orders"]):
        return "order"
    if not is_newest:
        return "newer"
    if shop.as_of - row["due_at"] >= DAY:
        return "expired"
    ways = {_reach(profile[address], profile[told]) for address, told in WAYS}
    if "reachable" not in ways:
        return next(why for why in ("not_allowed", "not_known", "no_address") if why in ways)
    if any(one["status"] in {"routed", "closed"} and one["closed_at"] is None for one in mine["conversations"]):
        return "open_handoff"
    return "open_ticket" if any(one["solved_at"] is None for one in mine["tickets"]) else None


def _reach(address: str | None, is_allowed: bool | None) -> str:
    """12.3"""
    if address is None:
        return "no_address"
    return {True: "reachable", False: "not_allowed", None: "not_known"}[is_allowed]


def _state(shop: Shop, row: Row) -> str:
    if row["sent_at"] is not None:
        return "sent"
    if row["reason"] is not None:
        return "cancelled" if row["reason"] in CANCELLED else "not_reachable"
    return "due" if row["due_at"] <= shop.as_of else "waiting"
