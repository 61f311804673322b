"""The definitions, chapters 1 to 7, 13 and rule 12.4, once more: plain, slow, and without a look at the project's SQL.

Where the text leaves two readings, this is the one taken:
- 2.2 every version of an order is compared with the account's currency, also older ones; of an unknown account none.
  An amount is rounded first and then compared with its minimum. "The same refused row" is the same table and payload.
- 2.3 a row is held back when it is the newest version and its parent is unknown or not counted, whatever its own time.
- 3.3 a system message after `closed_at` did not come after it, because 3.2 counts only the other three senders;
  `first ticket_created on zendesk or gorgias` is the first among those on the two.
- 3.4 a message by a human before the shopper's first one is a handoff too.
- 4.4 any hand-off event that names the ticket counts, whatever its type; of an instant the order is by id.
- 3.9 blanks are U+0020 only, as in 4.2. Labels, reasons and ids that consist of blanks stand as they are.
- 4.2 an email of blanks alone is none: it is equal to no other, and an `email_provided` with it does not have one;
  if the latest email given belongs to no profile, earlier ones are not tried.
- 5.1 the opened message must be counted itself (1.3); that it was sent before it was opened is not asked.
- 7.1 `product_ids` is the list as delivered, doubles included; `quantity` of `interactions` is shown for every type.
- 6.4 "used" and the columns of `skills` count messages and conversations of all time up to as-of.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from contract import metrics
from flows.delivery.ledger import HandedOver
from tests.reference.counted import Load, Shop, count
from tests.reference.deflections import is_deflected
from tests.reference.follow_ups import Sent, follow_ups
from tests.reference.handoffs import handoffs
from tests.reference.landing import Row
from tests.reference.recontacts import recontact
from tests.reference.sales import NOTHING, attributed_lines, order_lines, orders
from tests.reference.shoppers import Shoppers, full_name
from tests.reference.threads import Thread, threads
from tests.reference.tickets import published_tickets, with_deliveries, with_tickets

Tables = dict[str, list[Row]]

ELSEWHERE = {  # chapters 8 to 11, segments, and what derive() adds itself
    *(
        "knowledge_gap_topics",
        "knowledge_gap_questions",
        "knowledge_gap_closures",
        "knowledge_gap_topic_changes",
        "knowledge_gap_totals",
        "segments",
        "segment_members",
        "segment_changes",
        "publications",
        "held_back_rows",
        "rejected_rows",
    ),
    "reconciled_figures",
    "measured",
    "completeness",
}
TABLES = [table for table in metrics() if table not in ELSEWHERE]
STEP = "account_id handoff_event_id conversation_id type occurred_at reason platform ticket_id is_derived"
COUNTS = (
    *("conversations", "recontacted_conversations", "deflected_conversations"),
    *("running_conversations", "unanswered_conversations", "link_clicks", "add_to_cart_items"),
    *("attributed_orders", "inferred_orders"),
)
LINK_CLICKS = {"product_card_click", "link_click"}  # 6.3
EVENT_NAMES = {  # 7.3
    "conversation_started": "Started conversation with Customer Agent",
    "conversation_resolved": "Conversation with Customer Agent resolved",
    "conversation_escalated": "Conversation with Customer Agent escalated",
    "product_recommended": "Received product recommendation from Customer Agent",
}


@dataclass
class Derived:
    """What must be published: `tables` by name, `rejected_rows` and `held_back_rows` among them."""

    tables: Tables

    @property
    def held_back(self) -> dict[str, int]:
        """2.3 How many rows of each table wait."""
        return dict(Counter(row["table"] for row in self.tables["held_back_rows"]))


def derive(
    deliveries: Iterable[Load],
    as_of: datetime,
    settings_accounts: Sequence[Row] = (),
    sent: Sent = (),
    handed_over: Sequence[HandedOver] = (),
) -> Derived:
    """What the contract says of `deliveries` (loads in order) at `as_of` (aware).

    `settings_accounts` are rows of `accounts` that replace delivered ones whole, `sent` are follow-ups that were sent,
    and `handed_over` hand-offs that went as events.
    Raises what `landing.read` raises for those. `event_id` and rejected rows' id, reason and instant are this module's
    own business: only that `event_id` is unique matters, and of `rejected_rows` there are just source, table and
    payload (a dict). Since when rows wait is not said: deliveries have no instants here.
    """
    counted = count(deliveries, as_of, settings_accounts)
    tables: Tables = {table: [] for table in TABLES}
    for shop in counted.shops:
        for table, rows in derive_shop(shop, sent, handed_over).items():
            tables[table] += rows
    tables["rejected_rows"] = [
        {"source": "files", "table": table, "payload": payload} for table, payload in counted.refused
    ]
    tables["held_back_rows"] = counted.held_back
    return Derived(tables)


def derive_shop(shop: Shop, sent: Sent = (), handed_over: Sequence[HandedOver] = ()) -> Tables:
    shoppers = Shoppers(shop)
    as_delivered = threads(shop)
    tickets = published_tickets(shop, as_delivered, shoppers)
    started = [with_deliveries(with_tickets(thread, tickets), handed_over) for thread in as_delivered]
    ids = {thread.id for thread in started}
    interactions = [row for row in shop.rows["interactions"] if row["conversation_id"] in ids]
    lines = attributed_lines(shop, started, shoppers)
    conversations = [
        conversation(thread, shoppers, interactions, lines) | recontact(thread, started, tickets, shoppers)
        for thread in started
    ]
    back = {row["conversation_id"] for row in conversations if row["is_recontacted"]}
    tables = {
        "accounts": [shown("account_id name timezone currency", shop.account)],
        "profiles": [
            shown("account_id profile_id email phone", row) | {"name": full_name(row)} for row in shop.rows["profiles"]
        ],
        "products": [shown("account_id product_id title url", row) for row in shop.rows["products"]],
        "articles": [shown("account_id article_id title url is_published", row) for row in shop.rows["articles"]],
        "conversations": conversations,
        "messages": [row for thread in started for row in thread_messages(thread)],
        "interactions": [
            shown("account_id interaction_id conversation_id message_id type occurred_at product_id url quantity", row)
            | {
                "profile_id": shoppers.of_interaction(row, thread).profile_id,
                "occurred_on": shop.on(row["occurred_at"]),
            }
            for thread in started
            for row in interactions
            if row["conversation_id"] == thread.id
        ],
        "handoff_steps": [shown(STEP, row) for thread in started for row in thread.steps],
        "tickets": tickets,
        "handoffs": handoffs(shop, started, tickets),
        "agent_events": [row for thread in started for row in events(thread, shoppers)],
        "orders": orders(shop, shoppers),
        "order_lines": order_lines(shop, shoppers),
        "attributed_order_lines": lines,
        "daily_performance": daily_performance(shop, started, interactions, lines, back),
        "daily_skill_usage": daily_skill_usage(shop, started),
        "skills": skills(shop, started),
    }
    return {**tables, "follow_ups": follow_ups(shop, tables, started, sent)}


def shown(columns: str, row: Row) -> Row:
    return {column: row[column] for column in columns.split()}


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)


def conversation(thread: Thread, shoppers: Shoppers, interactions: list[Row], lines: list[Row]) -> Row:
    row = thread.conversation
    first_question = thread.by("visitor")[0]["text"]
    skills_used = [message["skill"] for message in thread.skilled]
    closed_at, closed_by = thread.closing
    ticket_platform, ticket_id = thread.ticket
    profile_id = shoppers.of_conversation(thread).profile_id
    mine = [click for click in interactions if click["conversation_id"] == thread.id]
    brought = [line for line in lines if line["conversation_id"] == thread.id]
    sold = [line for line in brought if line["touch_type"] != "inferred"]
    inferred = [line for line in brought if line["touch_type"] == "inferred"]
    return shown("account_id conversation_id channel tag agent rating", row) | {
        "status": thread.status,
        "open_reason": thread.open_reason,
        "legacy_status": thread.legacy_status,
        "closed_at": closed_at,
        "closed_by": closed_by,
        "profile_id": profile_id,
        "profile_name": shoppers.name(profile_id),
        "first_question": first_question,
        "initial_skill": skills_used[0] if skills_used else None,
        "final_skill": skills_used[-1] if skills_used else None,
        "message_count": len(thread.by("visitor", "agent", "human")),
        "visitor_message_count": len(thread.by("visitor")),
        "agent_message_count": len(thread.by("agent")),
        "human_message_count": len(thread.by("human")),
        "started_at": thread.started_at,
        "started_on": thread.shop.on(thread.started_at),
        "last_message_at": thread.last["sent_at"],
        "handoff_method": thread.handoff_method,
        "handed_off_at": thread.handed_off_at,
        "escalation_reason": thread.escalation_reason,
        "ticket_platform": ticket_platform,
        "ticket_id": ticket_id,
        "is_deflected": is_deflected(thread),
        "link_clicks": sum(click["type"] in LINK_CLICKS for click in mine),
        "add_to_cart_items": sum(click["quantity"] for click in mine if click["type"] == "add_to_cart"),
        "attributed_orders": len({line["order_id"] for line in sold}),
        "attributed_revenue": total(line["revenue"] for line in sold),
        "net_attributed_revenue": total(line["net_revenue"] for line in sold),
        "inferred_orders": len({line["order_id"] for line in inferred}),
        "inferred_revenue": total(line["revenue"] for line in inferred),
    }


def thread_messages(thread: Thread) -> list[Row]:
    columns = "account_id message_id conversation_id sender text skill recommended_product_ids article_ids sent_at"
    return [
        shown(columns, message) | {"position": position, "sent_on": thread.shop.on(message["sent_at"])}
        for position, message in enumerate(thread.messages, start=1)
    ]


def events(thread: Thread, shoppers: Shoppers) -> list[Row]:
    """Chapter 7."""
    skills_used = [message["skill"] for message in thread.skilled]
    rows: list[Row] = []

    def add(event: str, occurred_at: datetime | None, message_id: str | None = None, **facts: Any) -> None:
        account_id = thread.shop.account["account_id"]
        own = {"initial_skill": None, "final_skill": None, "tag": None, "escalation_reason": None, "product_ids": None}
        rows.append(
            {
                "account_id": account_id,
                "event_id": json.dumps([account_id, thread.id, event, message_id]),
                "event": event,
                "event_name": EVENT_NAMES[event],
                "occurred_at": occurred_at,
                "conversation_id": thread.id,
                "profile_id": shoppers.of_conversation(thread).profile_id,
                "channel": thread.conversation["channel"],
                **own,
                **facts,
            }
        )

    tag = thread.conversation["tag"]
    add("conversation_started", thread.started_at, initial_skill=skills_used[0] if skills_used else None)
    if thread.status == "resolved":
        add("conversation_resolved", thread.closing[0], final_skill=skills_used[-1] if skills_used else None, tag=tag)
    if thread.status == "routed":
        add("conversation_escalated", thread.routed_at, tag=tag, escalation_reason=thread.escalation_reason)
    for message in thread.recommending:
        products = message["recommended_product_ids"]
        add("product_recommended", message["sent_at"], message["message_id"], product_ids=products)
    return rows


def daily_performance(
    shop: Shop, started: list[Thread], interactions: list[Row], lines: list[Row], back: set[str]
) -> list[Row]:
    """6.3, and 13.4: `back` are the recontacted conversations."""
    cells: dict[tuple[Any, ...], Row] = {}
    orders: dict[tuple[Any, ...], set[str]] = {}
    for thread in started:
        group = (thread.conversation["channel"], thread.status, thread.conversation["tag"] or "")

        def cell(instant: datetime, group: tuple[str, str, str] = group) -> Row:
            key = (shop.on(instant), *group)
            row = {"account_id": shop.account["account_id"], "date": key[0]}
            row |= dict(zip(("channel", "status", "tag"), group, strict=True))
            row |= dict.fromkeys(COUNTS, 0)
            row |= dict.fromkeys(("attributed_revenue", "net_attributed_revenue", "inferred_revenue"), NOTHING)
            return cells.setdefault(key, row)

        cell(thread.started_at)["conversations"] += 1
        cell(thread.started_at)["recontacted_conversations"] += thread.id in back
        cell(thread.started_at)["deflected_conversations"] += is_deflected(thread)
        for reason in ("running", "unanswered"):
            cell(thread.started_at)[f"{reason}_conversations"] += thread.open_reason == reason
        for click in interactions:
            if click["conversation_id"] == thread.id and click["type"] in LINK_CLICKS:
                cell(click["occurred_at"])["link_clicks"] += 1
            if click["conversation_id"] == thread.id and click["type"] == "add_to_cart":
                cell(click["occurred_at"])["add_to_cart_items"] += click["quantity"]
        for line in lines:
            if line["conversation_id"] == thread.id:
                row, kind = cell(line["placed_at"]), "attributed"
                if line["touch_type"] == "inferred":  # 5.6
                    kind = "inferred"
                else:
                    row["net_attributed_revenue"] += line["net_revenue"]
                row[f"{kind}_revenue"] += line["revenue"]
                distinct = orders.setdefault((row["date"], *group, kind), set())
                distinct.add(line["order_id"])
                row[f"{kind}_orders"] = len(distinct)
    return list(cells.values())


def usage(uses: list[tuple[Thread, Row]]) -> Row:
    """6.4 Messages, and the distinct conversations that they belong to."""
    return {"messages": len(uses), "conversations": len({thread.id for thread, _ in uses})}


def daily_skill_usage(shop: Shop, started: list[Thread]) -> list[Row]:
    """6.4"""
    groups: dict[tuple[Any, ...], list[tuple[Thread, Row]]] = {}
    for thread in started:
        for message in thread.skilled:
            key = (shop.on(message["sent_at"]), thread.conversation["channel"], message["skill"])
            groups.setdefault(key, []).append((thread, message))
    return [
        {"account_id": shop.account["account_id"], "date": day, "channel": channel, "skill": skill} | usage(uses)
        for (day, channel, skill), uses in groups.items()
    ]


def skills(shop: Shop, started: list[Thread]) -> list[Row]:
    """6.4"""
    uses = [(thread, message) for thread in started for message in thread.skilled]
    listed = {row["skill"]: row for row in shop.rows["skills"]}
    names = {skill for skill, row in listed.items() if row["is_available"]} | {message["skill"] for _, message in uses}
    return [
        {
            "account_id": shop.account["account_id"],
            "skill": name,
            "label": (listed[name]["label"] if name in listed else None) or name,
            "is_available": name in listed and listed[name]["is_available"],
        }
        | usage([(thread, message) for thread, message in uses if message["skill"] == name])
        for name in sorted(names)
    ]
