"""A shop of published rows with something to show in every section, whose texts say whose they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import contract
from flows.audiences import SHIPPED, read
from flows.ground.home import Home
from flows.warehouses import Warehouse
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres.access import WITHHELD
from tests.published.shop import MIDNIGHT, Shop, asked_shop
from tests.warehouses.candidates import Rows, publish, write_candidate

OWN, RIVAL = "shop", "rival"
"""The two accounts; all that is of the second begins with its name."""
HIDDEN = "hidden-text"
"""Stands in every text that is withheld from who may not see texts."""
DATES = "2026-06-01..2026-06-07"
SEGMENT = read(SHIPPED / "asked_about_a_gap.yml").segment
OF_THE_CONTRACT = {"account_id", "timezone", "currency", "table", "parent_table", "figure", "thing"}
Write = Callable[[str], str]
BUILDS = count()


def telling_shop() -> Shop:
    """Both accounts have the same; of each there is more than fits on a page of the lists."""
    shop = Shop()
    for account, of in ((OWN, ""), ("other", f"{RIVAL} ")):
        _fill(shop, account, of)
    return shop


def told_rows(shop: Shop, write: Write = str) -> Rows:
    """Its rows; `write` changes what strangers wrote, ids as well, which have to stay different ones."""
    rows = {table: [dict(row) for row in found] for table, found in shop.published_rows().items()}
    for table, found in rows.items():
        free = {
            one.name
            for one in contract.metrics()[table].columns
            if one.type == "string" and not one.values and one.name not in OF_THE_CONTRACT
        }
        lists = {one.name for one in contract.metrics()[table].columns if one.type.startswith("list")}
        for row in found:
            for name, value in row.items():
                if value is None:
                    continue
                if name == "account_id":
                    row[name] = RIVAL if value == "other" else value
                elif name == "url":
                    row[name] = f"{value}/{HIDDEN}" if name in WITHHELD.get(table, ()) else value
                elif name in WITHHELD.get(table, ()) and name in free:
                    row[name] = write(f"{value} {HIDDEN}")
                elif name in free:
                    row[name] = write(value)
                elif name in lists:
                    row[name] = f"[{', '.join(_quoted(write(one)) for one in value)}]"
    return rows


def _quoted(text: str) -> str:
    """As a part of a list that is written as a text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def told_home(home: Home, write: Write = str, at: Warehouse | None = None) -> Home:
    """A home in which the telling shop is published, after another shop."""
    published(home, asked_shop().published_rows(), at)
    return published(home, told_rows(telling_shop(), write), at)


def published(home: Home, rows: Rows, at: Warehouse | None = None) -> Home:
    home.root.mkdir(parents=True, exist_ok=True)
    write_candidate(home, f"told {next(BUILDS)}", rows)
    publish(home, keep=1, warehouses=[at or DuckDBFile(home)])
    return home


def _fill(shop: Shop, account: str, of: str) -> None:
    shop.rows["accounts"][0 if account == OWN else 1]["name"] = f"{of}name of an account"
    product, article = f"{of}product", f"{of}guide"
    shop.product(product, f"{of}title of a product", f"https://shop.example/{of.strip()}", account)
    shop.article(article, f"{of}title of an article", account_id=account)
    shop.add("profiles", account, profile_id=f"{of}profile", name=f"{of}name", email=f"{of}email", phone=f"{of}phone")
    shop.skill(f"{of}skill", is_available=False, account_id=account)
    for number in range(30):
        _talk(shop, account, of, number)
    shop.topic(f"{of}topic", account, best_article_id=article, state="assigned", owner=f"{of}owner", note=f"{of}note")
    for number in range(3):
        ids = {"message_id": f"{of}asked {number}", "conversation_id": f"{of}talk {number:02}"}
        shop.add("messages", account, **ids, text=f"{of}question {number}?", sender="visitor", sent_at=MIDNIGHT)
        about: dict[str, Any] = {"kind": "product", "product_id": product, "is_unanswered": "true", "topic_id": None}
        if number:
            about = {"kind": "knowledge", "topic_id": f"{of}topic"}
        shop.add("knowledge_gap_questions", account, **ids, **about, asked_at=MIDNIGHT + timedelta(days=number))
    shop.add("knowledge_gap_closures", account, topic_id=f"{of}topic", article_id=article, conversations_before=4,
             handed_off_before=3, handoff_rate_before="0.75", conversations_after=2, handed_off_after=0,
             handoff_rate_after="0", handoff_rate_change="-0.75", change_low="-0.9", change_high="0.1",
             closed_at=MIDNIGHT + timedelta(days=2), reopened_at=MIDNIGHT + timedelta(days=3))  # fmt: skip
    definition = json.dumps(SEGMENT.definition.model_dump(mode="json", exclude_none=True))
    shop.add("segments", account, segment=f"{of}segment", name=f"{of}name of a segment", definition=definition,
             description=f"{of}description of a segment", member_count=1, anonymous_count=2, is_suppressing="true",
             first_built_at=MIDNIGHT)  # fmt: skip
    shop.add("segment_members", account, segment=f"{of}segment", profile_id=f"{of}profile", email=f"{of}email",
             phone=f"{of}phone", entered_at=MIDNIGHT, email_reach="reachable", sms_reach="no_address",
             whatsapp_reach="not_known", suppressed_by="open_handoff")  # fmt: skip
    shop.add("order_lines", account, order_line_id=f"{of}line 00", order_id=f"{of}order", product_id=product,
             placed_at=MIDNIGHT, placed_on=MIDNIGHT.date(), quantity=1, revenue="1", net_revenue="1")  # fmt: skip
    shop.add("completeness", account, source=f"{of}source", thing="orders", theirs=9, ours=7, since=MIDNIGHT)
    shop.rows["held_back_rows"].append(
        {"account_id": account, "table": "messages", "row_id": f"{of}row", "parent_table": "conversations",
         "parent_id": f"{of}parent", "source": f"{of}source", "waiting_since": MIDNIGHT}
    )  # fmt: skip
    payload = json.dumps({"account_id": RIVAL if of else OWN, "text": f"{of}payload {HIDDEN}"})
    shop.rows["rejected_rows"].append(
        {"rejected_row_id": f"{of}rejected", "source": f"{of}source", "table": "messages",
         "reason": f"{of}reason to refuse", "payload": payload, "rejected_at": MIDNIGHT}
    )  # fmt: skip


def _talk(shop: Shop, account: str, of: str, number: int) -> None:
    key, at = f"{of}talk {number:02}", MIDNIGHT + timedelta(hours=number)
    status = ("routed", "resolved", "closed", "open")[number % 4]
    is_handed_off, reason = number % 4 == 0, f"{of}why handed off"
    ticket = {"platform": f"{of}platform", "ticket_id": f"{of}ticket {number}"}
    shop.conversation(
        key, status, account, at,
        channel=f"{of}channel", tag=f"{of}tag", profile_id=f"{of}profile", profile_name=f"{of}name",
        first_question=f"{of}first question", initial_skill=f"{of}skill", final_skill=f"{of}last skill",
        closed_at=at + timedelta(minutes=9), closed_by="visitor", link_clicks=1,
        **({"handed_off_at": at, "escalation_reason": reason, "ticket_platform": ticket["platform"],
            "ticket_id": ticket["ticket_id"], "handoff_method": "ticket"} if is_handed_off else {}),
    )  # fmt: skip
    shop.say(key, 1, "visitor", text=f"{of}message of a shopper")
    products = [f"{of}product", f"{of}product without a title"]
    shop.say(key, 2, text=f"{of}answer", skill=f"{of}skill", recommended_product_ids=products)
    shop.click(key, 3, product_id=f"{of}product", url=f"https://shop.example/{of}clicked")
    shop.step(key, 4, "ticket_created", reason=reason, **ticket)
    events = ("conversation_started", "conversation_resolved", "conversation_escalated", "product_recommended")
    for event in events:
        more = {"tag": f"{of}tag", "initial_skill": f"{of}skill", "final_skill": f"{of}last skill"}
        shop.event(key, 5, event, **more, escalation_reason=reason, product_ids=products, event_name=event)
    shop.sell(key, f"{of}line {number:02}", f"{of}order {number:02}", "12.5", touch_type="click")
    if is_handed_off:
        shop.add("handoffs", account, conversation_id=key, channel=f"{of}channel", tag=f"{of}tag", skill=f"{of}skill",
                 reason=reason, profile_id=f"{of}profile", email=f"{of}email", method="ticket", **ticket,
                 matched_by="conversation", began_at=at, began_on=at.date(), handed_off_at=at,
                 outcome=("waiting", "answered")[number // 4 % 2], minutes_to_reply=7)  # fmt: skip


def everywhere(account: str = OWN, mark: Write = str) -> list[tuple[str, dict[str, str]]]:
    """Paths and what they ask: every section and part of an account, with all open that can be.

    `mark` is what `told_rows` has made of texts.
    """
    of = {"account": account, "dates": DATES}
    whose = "" if account == OWN else f"{RIVAL} "
    opened = {**of, "conversation": mark(f"{whose}talk 00")}
    segment = {"metric0": "Had conversation", "name": "x"}
    topic, product, skill, tag = (mark(f"{whose}{one}") for one in ("topic", "product", "skill", "tag"))
    return [
        *(("", {**of, "by": by}) for by in ("status", "channel", "tag")),
        *((path, opened) for path in ("conversations", "hand-offs", "sales", "data")),
        *(("hand-offs", {**of, "by": by}) for by in ("reason", "tag", "skill", "channel", "platform")),
        *(("events", {**opened, "event": event}) for event in ("conversation_escalated", "product_recommended")),
        ("conversations", {**opened, "topic": topic, "product": product, "skill": skill, "tags": json.dumps([tag])}),
        ("knowledge", {**opened, "draft": topic}),
        ("audiences", {**opened, **segment}),
        ("audiences/count", {**opened, **segment}),
        ("audiences/segment.yml", {**of, **segment}),
        *(("knowledge/article", {**of, "draft": topic, "shape": shape}) for shape in ("markdown", "zendesk")),
        ("conversations.csv", {"account": account, "from": "2026-06-01", "to": "2026-06-07"}),
        ("news", of),
    ]
