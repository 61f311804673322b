"""Published tables with topics in them, made from questions, so that everything agrees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from math import sqrt
from typing import Any

import contract
from flows.ground.address import Address
from flows.ground.home import Home
from flows.warehouses import Warehouse
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from tests.warehouses.candidates import Rows, publish, write_candidate

Say = Callable[..., str]  # what a command prints
Tell = Callable[..., dict[str, Any]]  # the same with --json
BUILDS = count()
Z = 1.959963984540054
UNTIL = datetime(2026, 6, 7, 11, 59, 59, 1, tzinfo=UTC)  # data_up_to of candidates
HOSTILE = "<script>alert(1)</script> \x1b[31m[x](javascript:alert(1))\r\n# heading\u202e :smile: [bold]"


def ago(**span: float) -> datetime:
    return UNTIL - timedelta(**span)


class Shop:
    """Rows of published tables in which everything agrees, from questions."""

    def __init__(self) -> None:
        zones = {"shop": ("America/Sao_Paulo", "BRL"), "other": ("UTC", "EUR")}
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in contract.metrics()}
        del self.rows["publications"]
        for account, (zone, currency) in zones.items():
            self.add("accounts", account_id=account, name=f"Name of {account}", timezone=zone, currency=currency)
            self.article("article", account_id=account)

    def add(self, table: str, account_id: str = "shop", **values: Any) -> None:
        self.rows[table].append({"account_id": account_id, **values})

    def article(self, article_id: str, title: str = "Shipping", url: str | None = None, **more: Any) -> None:
        self.add("articles", **more, article_id=article_id, title=title, url=url, is_published="true")

    def topic(self, topic_id: str, account_id: str = "shop", **more: Any) -> None:
        facts = {"label": f"Label of {topic_id}", "representative_question": "Where is it?", "is_gap": "true"}
        facts["kind"] = "knowledge"
        nearest = {"best_article_id": "article", "coverage_score": "0.25"}
        self.add("knowledge_gap_topics", account_id, topic_id=topic_id, **{**facts, **nearest, **more})

    def conversation(self, conversation_id: str, status: str = "open", account_id: str = "shop", **more: Any) -> None:
        facts = {"profile_id": None, "closed_by": None, "escalation_reason": None, **more}
        self.add("conversations", account_id, conversation_id=conversation_id, status=status, **facts)

    def ask_of_product(self, product_id: str, conversation_id: str, at: datetime, text: str, said: str | None) -> None:
        """`said` is what is_unanswered says."""
        ids = {"message_id": f"m{len(self.rows['messages']):05}", "conversation_id": conversation_id}
        self.add("messages", **ids, text=text, sender="visitor", sent_at=at)
        known: dict[str, Any] = {"kind": "product", "product_id": product_id, "is_unanswered": said}
        self.add("knowledge_gap_questions", **ids, **known, topic_id=None, asked_at=at)

    def ask(self, topic_id: str | None, conversation_id: str, at: datetime, text: str = "Where?", **more: Any) -> None:
        ids = {"message_id": f"m{len(self.rows['messages']):05}", "conversation_id": conversation_id}
        self.add("messages", **more, **ids, text=text, sender="visitor", sent_at=at)
        self.add("knowledge_gap_questions", **more, **ids, topic_id=topic_id, asked_at=at, kind="knowledge")

    def published_rows(self) -> Rows:
        """The rows, with what is counted of topics and accounts."""
        status = {(one["account_id"], one["conversation_id"]): one["status"] for one in self.rows["conversations"]}
        for topic in self.rows["knowledge_gap_topics"]:
            of = [one for one in self.rows["knowledge_gap_questions"] if same(one, topic, "account_id", "topic_id")]
            asked = {one["conversation_id"] for one in of}
            handed_off = [one for one in asked if status[topic["account_id"], one] in ("routed", "closed")]
            topic |= {"question_count": len(of), "conversation_count": len(asked)}
            topic["handed_off_conversation_count"] = len(handed_off)
            low, high = (str(wilson(len(handed_off), len(asked), sign)) for sign in (-1, 1))
            topic |= {"unanswered_conversation_count": len(handed_off), "shopper_count": len(asked)}
            topic |= {"unanswered_share_low": low, "unanswered_share_high": high}
            judged = {"judged_conversation_count": len(asked), "judged_unanswered_count": len(handed_off)}
            topic |= {name: topic.get(name, count) for name, count in judged.items()}
            topic["is_unanswered"] = topic["is_gap"]
            topic |= {"first_asked_at": min(one["asked_at"] for one in of)}
            topic |= {"last_asked_at": max(one["asked_at"] for one in of)}
        for account in self.rows["accounts"]:
            of = [one for one in self.rows["knowledge_gap_questions"] if same(one, account, "account_id")]
            topics = [one for one in self.rows["knowledge_gap_topics"] if same(one, account, "account_id")]
            none = sum(one["topic_id"] is None for one in of)
            counts = {"question_count": len(of), "ungrouped_question_count": 0, "unassigned_question_count": none}
            share = {"unassigned_share": str(none / len(of)) if of else None}
            gaps = {"topic_count": len(topics), "gap_count": sum(one["is_gap"] == "true" for one in topics)}
            self.add("knowledge_gap_totals", account["account_id"], **counts, **share, **gaps)
        return self.rows


def wilson(part: int, whole: int, sign: int) -> float:
    """An end of Wilson's 95 % interval of a share."""
    root = sqrt(Z * Z + 4 * part * (1 - part / whole))
    return min(1.0, max(0.0, (2 * part + Z * Z + sign * Z * root) / (2 * (whole + Z * Z))))


def same(one: dict[str, Any], other: dict[str, Any], *names: str) -> bool:
    return all(one[name] == other[name] for name in names)


def publish_to(home: Home, shop: Shop, at: str = "duckdb") -> None:
    write_candidate(home, f"build {next(BUILDS)}", shop.published_rows())
    publish(home, keep=1, warehouses=[warehouse_of(home, at)])


def warehouse_of(home: Home, at: str) -> Warehouse:
    return DuckDBFile(home) if at == "duckdb" else Postgres(home, Address.of(at))


def busy_shop() -> Shop:
    """Topics by what they cost: `most` 2 hand-offs, 3 people; `fewer` 2, 2; `asked` 1 hand-off, many questions."""
    shop = Shop()
    for topic in ("asked", "fewer", "most"):
        shop.topic(topic)
    shop.topic("covered", is_gap="false", coverage_score="0.8")
    shop.topic("elsewhere", "other")
    for number, (status, profile) in enumerate([("routed", "p1"), ("closed", None), ("open", None), ("open", "p1")]):
        shop.conversation(f"most {number}", status, profile_id=profile)
        shop.ask("most", f"most {number}", ago(days=number))
    for number, (status, profile) in enumerate([("routed", "p1"), ("routed", "p2"), ("open", "p2"), ("open", "p2")]):
        shop.conversation(f"fewer {number}", status, profile_id=profile)
        shop.ask("fewer", f"fewer {number}", ago(days=1))
        shop.ask("fewer", f"fewer {number}", ago(days=2))
    shop.conversation("asked", "closed")
    shop.conversation("covered", "closed")
    shop.conversation("elsewhere", account_id="other")
    for number in range(9):
        shop.ask("asked", "asked", ago(days=40 + number))
        shop.ask("covered", "covered", ago(days=number))
    shop.ask("elsewhere", "elsewhere", ago(days=1), account_id="other")
    shop.ask(None, "asked", ago(days=1))
    return shop


def told_shop() -> Shop:
    """A topic that an article closed, in conversations that ended in every way."""
    shop = Shop()
    shop.article("helps", title="How to return")
    shop.topic("topic-abc", best_article_id="helps", coverage_score="0.55", label="Returns")
    ends = {
        "resolved": {},
        "routed": {"escalation_reason": "knowledge_gap"},
        "routed 2": {"escalation_reason": "complaint"},
        "closed": {},
        "open": {},
        "open 2": {"closed_by": "timeout"},
    }
    for number, (name, more) in enumerate(ends.items()):
        shop.conversation(name, name.split()[0], **more)
        shop.ask("topic-abc", name, ago(days=number), f"Question {number}?")
    shop.ask("topic-abc", "resolved", ago(minutes=-1, hours=1), "An earlier question of the same one")
    shop.conversation("usual", "resolved")
    shop.conversation("usual too", "closed", account_id="other")
    shop.ask(None, "usual", ago(days=1))
    shop.ask(None, "usual too", ago(days=1), account_id="other")
    for number, (conversation, order, revenue) in enumerate(
        [("closed", "o1", "10.0000"), ("closed", "o1", "5.5000"), ("open", "o2", "1.0000"), ("usual", "o3", "99.0000")]
    ):
        ids = {"order_line_id": f"line {number}", "order_id": order, "conversation_id": conversation}
        shop.add("attributed_order_lines", **ids, revenue=revenue)
    shop.add(
        "knowledge_gap_closures",
        topic_id="topic-abc",
        article_id="helps",
        conversations_before=4,
        handed_off_before=3,
        handoff_rate_before="0.75",
        conversations_after=2,
        handed_off_after=0,
        handoff_rate_after="0",
        handoff_rate_change="-0.75",
        change_low="-0.9536",
        change_high="0.0714",
        closed_at=ago(days=2),
        reopened_at=ago(days=1),
    )
    shop.add("knowledge_gap_closures", topic_id="topic-abc", article_id="helps", closed_at=ago(days=3))
    shop.rows["knowledge_gap_closures"][-1] |= {"conversations_before": 0, "conversations_after": 0}
    for change_id, topic, other, change in [
        ("1", "topic-abc", "topic-new", "split"),
        ("2", "topic-old", "topic-abc", "split"),
        ("3", "topic-gone", "topic-abc", "merged"),
        ("4", "topic-first", "topic-gone", "merged"),
        ("5", "topic-over", None, "ended"),
    ]:
        ids = {"change_id": change_id, "topic_id": topic}
        shop.add("knowledge_gap_topic_changes", **ids, other_topic_id=other, change=change, changed_at=ago(days=3))
    return shop


def hostile_shop() -> Shop:
    shop = Shop()
    shop.article("nearest", title=HOSTILE, url="javascript:alert(1)")
    shop.topic("t", label=HOSTILE, representative_question=HOSTILE, best_article_id="nearest", coverage_score="0.55")
    shop.conversation("c\x1b]0;x\x07")
    shop.ask("t", "c\x1b]0;x\x07", UNTIL, HOSTILE)
    return shop
