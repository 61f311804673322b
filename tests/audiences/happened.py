"""What happened to shoppers, read from rows of the published tables without SQL: the events of each metric.

Rows are dictionaries with the columns of the contract. A shopper is `p/` and the profile, or `c/` and the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
Shop = Mapping[str, Sequence[Row]]
Shopper = tuple[str, str]  # account and key


@dataclass(frozen=True)
class Reading:
    """How events of a metric are read; `has` are properties that are no columns, under names of their own."""

    rows: Callable[[Shop], list[Row]]
    at: str
    value: str | None = None
    has: Mapping[str, Callable[[Row], Any]] | None = None


def _table(name: str, **equal: str) -> Callable[[Shop], list[Row]]:
    return lambda shop: [row for row in shop[name] if all(row[column] == value for column, value in equal.items())]


def _conversations(shop: Shop) -> list[Row]:
    """With who spoke last (automatic messages are nobody's, 3.2), and what came of the hand-off (13.2)."""
    last: dict[Any, Row] = {}
    for message in sorted(shop["messages"], key=lambda one: int(one["position"])):
        if message["sender"] != "system":
            last[message["account_id"], message["conversation_id"]] = message
    nobody: Row = {"sender": None}
    outcomes = {(row["account_id"], row["conversation_id"]): row["outcome"] for row in shop["handoffs"]}
    return [
        {
            **row,
            "last_sender": last.get((row["account_id"], row["conversation_id"]), nobody)["sender"],
            "handoff_outcome": outcomes.get((row["account_id"], row["conversation_id"])),
        }
        for row in shop["conversations"]
    ]


def _questions(shop: Shop) -> list[Row]:
    conversations = {(row["account_id"], row["conversation_id"]): row for row in shop["conversations"]}
    topics = {(row["account_id"], row["topic_id"]): row for row in shop["knowledge_gap_topics"]}
    found: list[Row] = []
    for row in shop["knowledge_gap_questions"]:
        conversation = conversations.get((row["account_id"], row["conversation_id"]))
        topic = topics.get((row["account_id"], row["topic_id"]), {"topic_id": None, "label": None, "is_gap": False})
        if conversation:
            told = {name: topic[name] for name in ("topic_id", "label", "is_gap")}
            told["is_gap"] = told["is_gap"] and row["kind"] != "other"
            found.append({**row, **told, "profile_id": conversation["profile_id"]})
    return found


def _attributed(shop: Shop) -> list[Row]:
    """Without what is only inferred, which no sum of sales has (5.6)."""
    return [row for row in shop["attributed_order_lines"] if row["touch_type"] != "inferred"]


def _event(name: str) -> Reading:
    return Reading(_table("agent_events", event=name), "occurred_at")


def _interaction(kind: str) -> Reading:
    return Reading(_table("interactions", type=kind), "occurred_at", "quantity")


READINGS = {
    "Started conversation with Customer Agent": _event("conversation_started"),
    "Conversation with Customer Agent resolved": _event("conversation_resolved"),
    "Conversation with Customer Agent escalated": _event("conversation_escalated"),
    "Received product recommendation from Customer Agent": _event("product_recommended"),
    "Placed Order": Reading(
        _table("orders"),
        "placed_at",
        "revenue",
        {
            "is_cancelled": lambda row: row["cancelled_at"] is not None,
            "is_refunded": lambda row: row["net_revenue"] < row["revenue"],
        },
    ),
    "Cancelled Order": Reading(_table("orders"), "cancelled_at", "revenue"),
    "Ordered Product": Reading(_table("order_lines"), "placed_at", "revenue"),
    "Ordered because of Customer Agent": Reading(_attributed, "placed_at", "revenue"),
    "Clicked Product Card": _interaction("product_card_click"),
    "Clicked Link": _interaction("link_click"),
    "Added to Cart in conversation": _interaction("add_to_cart"),
    "Had conversation": Reading(
        _conversations,
        "started_at",
        "attributed_revenue",
        {
            "is_waiting": lambda row: row["status"] in {"open", "routed"} and row["last_sender"] == "visitor",
            "met_a_person": lambda row: row["human_message_count"] > 0,
        },
    ),
    "Opened ticket": Reading(
        _table("tickets"),
        "created_at",
        has={
            "is_solved": lambda row: row["solved_at"] is not None,
            "was_answered": lambda row: row["first_human_reply_at"] is not None,
        },
    ),
    "Asked question": Reading(_questions, "asked_at", has={"topic": lambda row: row["label"]}),
}


def properties(metric: str, row: Row) -> Callable[[str], Any]:
    """What an event has under the name of a property."""
    derived = READINGS[metric].has or {}
    return lambda name: derived[name](row) if name in derived else row[name]


def happened(shop: Shop, metric: str) -> list[tuple[Shopper, datetime, Row]]:
    """Account and shopper, when it happened, and the row; what nobody can be found for is left out."""
    reading = READINGS[metric]
    rows = ((_key(row), row[reading.at], row) for row in reading.rows(shop))
    return [((row["account_id"], key), at, row) for key, at, row in rows if key is not None and at is not None]


def _key(row: Row) -> str | None:
    if row["profile_id"] is not None:
        return f"p/{row['profile_id']}"
    conversation = row.get("conversation_id")
    return None if conversation is None else f"c/{conversation}"
