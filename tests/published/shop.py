"""A small shop of published rows in which everything agrees, made of conversations and what happened in them."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.gaps.shop import Shop as ShopWithTopics
from tests.warehouses.candidates import Rows

ZONE = ZoneInfo("America/Sao_Paulo")  # of the account `shop`: three hours behind UTC
MIDNIGHT = datetime(2026, 6, 1, 3, tzinfo=UTC)  # of 1 June there
HOSTILE = (
    "100% wool_blend, 50 % off?",
    'It\'s "quoted" \\ and $1 {0} .*',
    "<script>alert(1)</script>",
    '=HYPERLINK("https://evil.example")',
    "\u202eevil\u202c and\u200b hidden",
    "👩‍👩‍👧‍👦 família 🇧🇷",
    "İstanbul'da KARGO ılık mı",
    "Straße nach GROẞENHAIN",
    "ΟΔΟΣ προς ΑΘΗΝΑ, οδός",
    "ДОСТАВКА и возврат",
    "+1 or less",
    "-1",
    "@cmd",
    "\t=1+1",
    "\r\n=1+1",
    "two\nlines, one cell",
    "",
)

SAID = (
    "Où est ma COMMANDE ? Elle n’est pas arrivée à Besançon",
    "Kann ich die Größe  wechseln?\nIch brauche 42",
    "Devolucao\u0303 do cafe\u0301, por favor",  # accents of their own
    "Can't you see my order 1001?",
    "İade ve ılık su, KARGO nerede",
    None,
    "Das Paket\u00a0ist da, in Łódź; 100% [sic] (really) $1 \\d+",
    "Πού είναι η παραγγελία μου;",
    "ДОСТАВКА ёлки",
    "مَرحبًا, שָׁלוֹם and 안녕하세요",
)


class Shop(ShopWithTopics):
    """`say`, `click`, `step` and `sell` happen in a conversation, so many minutes after its start."""

    def conversation(
        self, conversation_id: str, status: str = "open", account_id: str = "shop", at: datetime = MIDNIGHT, **more: Any
    ) -> None:
        zone = ZONE if account_id == "shop" else UTC
        facts = {
            "channel": "web_chat",
            "profile_id": None,
            "profile_name": "Anonymous",
            "tag": None,
            "first_question": "Where is it?",
            "started_at": at,
            "started_on": at.astimezone(zone).date(),
            "last_message_at": at + timedelta(minutes=5),
            "message_count": 1,
            "link_clicks": 0,
            "add_to_cart_items": 0,
            "attributed_orders": 0,
            "attributed_revenue": "0",
            "net_attributed_revenue": "0",
        }
        super().conversation(conversation_id, status, account_id, **{**facts, **more})

    def published_rows(self) -> Rows:
        for derived in ("knowledge_gap_totals", "daily_performance"):
            self.rows[derived].clear()  # a shop may be published several times
        self._sum_days()
        return super().published_rows()

    def _sum_days(self) -> None:
        """Rule 6.3: each thing on its own date, under what its conversation is as of now."""
        of = {(one["account_id"], one["conversation_id"]): one for one in self.rows["conversations"]}
        sums: defaultdict[tuple[Any, ...], defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        orders: defaultdict[tuple[Any, ...], set[str]] = defaultdict(set)

        def day(row: dict[str, Any], on: Any) -> tuple[Any, ...]:
            conversation = of[row["account_id"], row["conversation_id"]]
            return row["account_id"], on, conversation["channel"], conversation["status"], conversation["tag"] or ""

        for row in self.rows["conversations"]:
            on = sums[day(row, row["started_on"])]
            on["conversations"] += 1
            on["recontacted_conversations"] += row.get("is_recontacted") in (True, "true")
            on["deflected_conversations"] += row.get("is_deflected") in (True, "true")
            for reason in ("running", "unanswered"):
                on[f"{reason}_conversations"] += row.get("open_reason") == reason
        for row in self.rows["interactions"]:
            if row["type"] in ("product_card_click", "link_click", "add_to_cart"):
                zone = ZONE if row["account_id"] == "shop" else UTC
                is_cart = row["type"] == "add_to_cart"
                figure, more = ("add_to_cart_items", row["quantity"]) if is_cart else ("link_clicks", 1)
                sums[day(row, row["occurred_at"].astimezone(zone).date())][figure] += more
        for row in self.rows["attributed_order_lines"]:
            key = day(row, row["placed_on"])
            orders[key].add(row["order_id"])
            sums[key]["attributed_revenue"] += Decimal(row["revenue"])
            sums[key]["net_attributed_revenue"] += Decimal(row["net_revenue"])
        figures = (
            "conversations",
            "recontacted_conversations",
            "deflected_conversations",
            "running_conversations",
            "unanswered_conversations",
            "link_clicks",
            "add_to_cart_items",
            "attributed_revenue",
            "net_attributed_revenue",
        )
        for key, found in sums.items():
            account_id, on, channel, status, tag = key
            of_key = {"date": on, "channel": channel, "status": status, "tag": tag}
            counted = {figure: str(found[figure]) for figure in figures}
            self.add("daily_performance", account_id, **of_key, **counted, attributed_orders=len(orders[key]))

    def of(self, conversation_id: str) -> dict[str, Any]:
        (row,) = [one for one in self.rows["conversations"] if one["conversation_id"] == conversation_id]
        return row

    def say(self, conversation_id: str, minutes: float, sender: str = "agent", **more: Any) -> None:
        conversation = self.of(conversation_id)
        said = [one for one in self.rows["messages"] if one["conversation_id"] == conversation_id]
        facts = {
            "message_id": f"{conversation_id}/{len(said)}",
            "position": len(said) + 1,
            "sender": sender,
            "text": "Here",
            "sent_at": conversation["started_at"] + timedelta(minutes=minutes),
        }
        self.add("messages", conversation["account_id"], conversation_id=conversation_id, **{**facts, **more})

    def click(self, conversation_id: str, minutes: float, type_: str = "product_card_click", **more: Any) -> None:
        self._happened(
            "interactions", "interaction_id", conversation_id, minutes, type=type_, **{"quantity": 1, **more}
        )

    def step(self, conversation_id: str, minutes: float, type_: str, **more: Any) -> None:
        self._happened("handoff_steps", "handoff_event_id", conversation_id, minutes, type=type_, **more)

    def event(self, conversation_id: str, minutes: float, event: str, **more: Any) -> None:
        conversation = self.of(conversation_id)
        of = {"channel": conversation["channel"], "profile_id": conversation["profile_id"]}
        self._happened("agent_events", "event_id", conversation_id, minutes, event=event, **of, **more)

    def sell(self, conversation_id: str, line: str, order: str, revenue: str, hours: float = 1, **more: Any) -> None:
        """A line of an order that was placed so many hours after the conversation began."""
        conversation = self.of(conversation_id)
        placed_at = conversation["started_at"] + timedelta(hours=hours)
        facts = {
            "order_line_id": line,
            "order_id": order,
            "conversation_id": conversation_id,
            "channel": conversation["channel"],
            "profile_id": conversation["profile_id"],
            "product_id": "shoe",
            "touch_type": "click",
            "touch_id": f"{conversation_id}/touch",
            "touched_at": conversation["started_at"],
            "placed_at": placed_at,
            "placed_on": placed_at.astimezone(ZONE).date(),
            "quantity": 1,
            "revenue": revenue,
            "net_revenue": "0",
            "currency": "BRL",
        }
        self.add("attributed_order_lines", conversation["account_id"], **{**facts, **more})
        lines = [one for one in self.rows["attributed_order_lines"] if one["conversation_id"] == conversation_id]
        conversation["attributed_orders"] = len({one["order_id"] for one in lines})
        conversation["attributed_revenue"] = str(sum(Decimal(one["revenue"]) for one in lines))
        conversation["net_attributed_revenue"] = str(sum(Decimal(one["net_revenue"]) for one in lines))

    def product(self, product_id: str, title: str | None, url: str | None = None, account_id: str = "shop") -> None:
        self.add("products", account_id, product_id=product_id, title=title, url=url)

    def skill(self, skill: str, is_available: bool, account_id: str = "shop") -> None:
        self.add("skills", account_id, skill=skill, label=skill.title(), is_available=str(is_available))

    def _happened(self, table: str, key: str, conversation_id: str, minutes: float, **more: Any) -> None:
        conversation = self.of(conversation_id)
        at = conversation["started_at"] + timedelta(minutes=minutes)
        facts = {key: f"{table} {len(self.rows[table]):04}", "conversation_id": conversation_id, "occurred_at": at}
        self.add(table, conversation["account_id"], **{**facts, **more})


def asked_shop() -> Shop:
    """Conversations about everything, an hour apart, for filters, tables and their CSV."""
    shop = Shop()
    names = ("Ana Müller", "O'Neill", "=cmd()", "İpek 100%", None)
    statuses, channels = ("resolved", "routed", "closed", "open"), ("web_chat", "sms", "email")
    tags = ("returns", "a, b", "[x]", None)
    for number in range(60):
        shop.conversation(
            f"c{number:02}",
            statuses[number % 4],
            at=MIDNIGHT + timedelta(hours=3 * number - 1),
            channel=channels[number % 3],
            tag=tags[number % 7 % 4],
            first_question=HOSTILE[number % len(HOSTILE)] or None,
            profile_name=names[number % 5] or "Anonymous",
            profile_id=None if names[number % 5] is None else f"p{number % 5}",
            message_count=number % 6 + 1,
            last_message_at=MIDNIGHT + timedelta(hours=5 * (number // 2)),
            link_clicks=number % 3,
            is_recontacted=number % 8 == 0 if number % 4 == 0 else None,
            is_deflected=number % 7 == 0,
            open_reason=("running", "unanswered")[number % 8 // 4] if number % 4 == 3 else None,
            handoff_method=(None, "ticket", "message", None)[number % 4],
            escalation_reason=("complaint", None, "it's, a \\ reason")[number % 3] if number % 4 in {1, 2} else None,
            rating=number % 6 or None,
        )
        shop.say(f"c{number:02}", 0, "visitor", text=SAID[number % len(SAID)])
        shop.say(f"c{number:02}", 1, ("agent", "human", "system")[number % 3], text=SAID[number % 7])
    for number in (10, 20, 30):
        shop.say(f"c{number}", 2, ("agent", "visitor")[number // 30], recommended_product_ids='["shoe", "it\'s"]')
        shop.click(f"c{number + 1}", 2, ("product_card_click", "add_to_cart", "message_opened")[number // 10 - 1])
        shop.rows["interactions"][-1]["product_id"] = "shoe"
    shop.conversation("it's 100%_\\", first_question="x" * 299 + "👩‍👩‍👧‍👦" + "y")
    shop.conversation("c00", account_id="other", first_question=HOSTILE[0])
    shop.topic("t")
    for number in (3, 7, 31):
        shop.ask("t", f"c{number:02}", MIDNIGHT)
        shop.say(f"c{number + 1:02}", 1, skill="returns")
        shop.say(f"c{number + 2:02}", 1, "human", skill="returns")  # counted nowhere (rule 3.8)
        shop.ask_of_product("p", f"c{number + 1:02}", MIDNIGHT, "Is it heavy?", "true" if number > 3 else None)
        shop.sell(f"c{number:02}", f"line {number}", f"order {number}", f"{number}.5")
    return shop


def rows_by_id(shop: Shop, account_id: str = "shop") -> dict[str, dict[str, Any]]:
    return {one["conversation_id"]: one for one in shop.rows["conversations"] if one["account_id"] == account_id}


def ids_by(shop: Shop, table: str, **wanted: Any) -> set[str]:
    """Conversations of the rows that have these values."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in shop.rows[table]:
        if all(row.get(name) == value for name, value in wanted.items()):
            found[row["account_id"]].add(row["conversation_id"])
    return found["shop"]
