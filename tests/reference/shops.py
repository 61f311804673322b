"""Small random shops in which awkward things are likely: ties, window ends hit exactly, odd names, late parents.

`random_shop` gives raw rows as a source delivers them (JSON values). A shop made with `ordered=True` (the default)
is order-independent: all versions of a key carry distinct `updated_at`, so its rows may be delivered in any order
(rule 1.4). With `ordered=False` versions also tie or carry no `updated_at`, and the order decides.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from contract import landing
from tests.reference.draw import AMOUNTS, EMAILS, HOUR, INSTANT, PHONES, TEXTS, Draw
from tests.reference.dress import broken, dressed
from tests.reference.landing import Row

PLATFORMS = ("klaviyo_inbox", "zendesk", "gorgias")
ANSWERS = (
    *("Please email us at help@x.example.", "E\u0301crivez-nous\u00a0sur WhatsApp !", "Bitte rufen Sie uns an.", None),
    *("There's no need to call us.", "We emailed you the form.", "Text us:\ncall 0800 555 0199", "It’s on its way."),
    *("I’ll send it to ana@x.example. Then, contact our support team.", "ESCRÍBENOS A ayuda@x.example", "Ok"),
)
AS_OF = datetime(2026, 11, 2, 12, tzinfo=UTC)
"""The instant at which the shops are interesting: the day after a day of 25 hours in New York."""


def random_shop(
    rng: random.Random, account_id: str, *, as_of: datetime = AS_OF, ordered: bool = True
) -> list[tuple[str, Row]]:
    """Raw rows (table, row) of one account; up to 15 conversations, 60 messages, 20 interactions and 15 orders."""
    shop = _Shop(rng, account_id, as_of)
    shop.fill()
    shop.add_versions()
    _say_when_updated(rng, shop.rows, ordered)
    return [(table, dressed(rng, table, row)) for table, row in shop.rows]


class _Shop(Draw):
    def __init__(self, rng: random.Random, account_id: str, as_of: datetime) -> None:
        super().__init__(rng, as_of)
        self.account_id = account_id
        self.rows: list[tuple[str, Row]] = []

    def add(self, table: str, **values: Any) -> Row:
        row = {"account_id": self.account_id, **values}
        self.rows.append((table, row))
        return row

    def fill(self) -> None:
        if self.chance(0.97):
            row = dict.fromkeys(column.name for column in landing()["accounts"].columns)
            row |= {"timezone": self.zone, "currency": "EUR", "auto_close_hours": self.auto_close, **self.hours}
            row["inferred_touch_minutes"] = self.minutes
            row["follow_up_hours"] = self.step
            row["recontact_days"] = self.days
            self.add("accounts", **row | {"account_id": self.account_id})
        if self.chance(0.7):
            timezone = self.rng.choice((None, None, self.value("accounts", "timezone")))
            self.add("business_hours", timezone=timezone, weekly=self.weekly(), overrides=self.overrides())
        for table in ("profiles", "products", "skills", "articles"):
            self.fill_catalogue(table)
        for _ in range(self.rng.randint(0, 5)):
            self.add(
                "visitors", visitor_id=self.pick("visitor_id"), profile_id=self.pick("profile_id"), seen_at=self.at()
            )
        for _ in range(self.rng.randint(1, 15)):
            self.fill_conversation()
        for _ in range(self.rng.choice((0, 1, 2, 3))):
            self.fill_return()
        for _ in range(self.rng.randint(0, 20)):
            self.fill_interaction()
        for _ in range(self.rng.randint(0, 12)):
            self.fill_product_event()
        for _ in range(self.rng.randint(0, 15)):
            self.fill_order()
        for number in range(self.rng.choice((0, 1, 3, 5))):
            self.fill_ticket(f"T-{number}")
        self.lose_parents()

    def fill_catalogue(self, table: str) -> None:
        key = landing()[table].key[1]
        for known in self.known.get(key, ["art/1", "art:2"])[:3]:
            if self.chance(0.8):
                names = [column.name for column in landing()[table].columns if column.name not in {"account_id", key}]
                values = {name: self.value(table, name) for name in names}
                for name in ("first_name", "last_name", "label"):
                    if name in values:
                        values[name] = self.rng.choice(("Ana", "María José", "  ", None, " x "))
                if table == "profiles" and self.chance(0.2):  # nobody can be reached without an address
                    values |= {"email": None, "phone": None}
                self.add(table, **{key: known}, **values)

    def fill_conversation(self) -> None:
        rng = self.rng
        conversation = self.add(
            "conversations",
            conversation_id=self.id("conversation_id"),
            channel=rng.choice(("web_chat", "web_chat", "sms", "sms", "sms", "email", "whatsapp")),
            created_at=self.grid[0] if self.chance(0.9) else self.at(),
            visitor_id=self.pick("visitor_id", 0.7),
            profile_id=self.pick("profile_id", 0.25),
            email=rng.choice((*EMAILS, None, None, None)),
            tag=rng.choice(("delivery", "Rückgabe", None, None)),
            closed_at=None,
            closed_by=rng.choice(("visitor", "agent", "human", None)),
            agent=rng.choice(("klaviyo", "intercom", None)),
            rating=rng.choice((1, 5, None)),
            source_status=rng.choice(("OPEN", None)),
        )
        key = conversation["conversation_id"]
        room = 60 - len(self.known.get("message_id", []))
        count = min(room, rng.choice((0, 1, 2, 3, 4, 5, 8)))
        times = sorted(self.at() for _ in range(count))
        senders = rng.choices(("visitor", "agent", "human", "system"), (35, 45, rng.choice((0, 15)), 15), k=count)
        if count and self.chance(0.3):  # ends with the agent, or with an automatic reply after it
            senders = [*senders[:-2], "agent", rng.choice(("agent", "system"))][-count:]
        for sender, sent_at in zip(senders, times, strict=True):
            self.add(
                "messages",
                message_id=self.id("message_id"),
                conversation_id=key if self.chance(0.97) else "nobody knows",
                sender=sender,
                sent_at=sent_at,
                text=rng.choice(TEXTS),
                skill=self.pick("skill", 0.5),
                recommended_product_ids=self.products(),
                article_ids=rng.choice((["art/1", "art:2", "art/1"], None, None)),
            )
        last = max((at for who, at in zip(senders, times, strict=True) if who != "system"), default=self.as_of)
        ends = (last, last, last + self.auto_close * HOUR, self.as_of)
        if self.chance(0.4):
            conversation["closed_at"] = rng.choice(ends) + rng.choice((0, 0, 0, -1, 1)) * INSTANT
        if self.chance(0.5):
            self.fill_handoff(key, [*times, *times, last + self.auto_close * HOUR])

    def fill_return(self) -> None:
        """A conversation that the agent resolves, and contacts of its shopper, some at an end of its span (13.4)."""
        rng, asked_at = self.rng, self.at()
        shopper = {"visitor_id": self.pick("visitor_id", 0.7), "profile_id": self.pick("profile_id", 0.5)}
        self.fill_answered(asked_at, **shopper)
        asked_at += INSTANT  # when it was answered
        ends_at = asked_at + rng.choice((0, self.auto_close)) * HOUR + self.days * 24 * HOUR
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.choice((asked_at, asked_at + HOUR, ends_at, ends_at)) + rng.choice((0, 0, -1, 1)) * INSTANT
            other = {"visitor_id": self.pick("visitor_id", 0.5), "profile_id": self.pick("profile_id", 0.3)}
            if self.chance(0.7):
                self.fill_answered(at, **(shopper if self.chance(0.5) else shopper | other))
            else:
                self.fill_ticket(f"R-{len(self.rows)}", at, shopper["profile_id"])

    def fill_answered(self, at: datetime, **shopper: str | None) -> None:
        key = self.id("conversation_id")
        channel, closed_at = self.rng.choice(("web_chat", "sms")), at + INSTANT if self.chance(0.4) else None
        said = dict.fromkeys(("skill", "recommended_product_ids", "article_ids"))
        facts = dict.fromkeys(("email", "tag", "closed_by", "agent", "rating", "source_status"))
        self.add(
            "conversations",
            conversation_id=key,
            channel=channel,
            created_at=at,
            closed_at=closed_at,
            **{**facts, **shopper},
        )
        for sender, sent_at in (("visitor", at), ("agent", at + INSTANT)):
            ids = {"message_id": self.id("message_id"), "conversation_id": key}
            text = ANSWERS[len(self.rows) % len(ANSWERS)]
            self.add("messages", **ids, sender=sender, sent_at=sent_at, text=text, **said)

    def fill_handoff(self, conversation_id: str, times: list[datetime]) -> None:
        offered = landing()["handoff_events"].column("type").values
        quiet = [kind for kind in offered if kind in {"offered", "declined", "email_provided", "message_sent"}]
        for _ in range(self.rng.randint(1, 4)):
            kinds = self.rng.choice((offered, quiet, ("ticket_created", "message_sent", "email_provided")))
            kind = self.rng.choice(list(kinds))
            self.add(
                "handoff_events",
                handoff_event_id=self.id("handoff_event_id"),
                conversation_id=conversation_id if self.chance(0.96) else "nobody knows",
                type=kind,
                occurred_at=self.rng.choice([*times, self.at()]) + self.jitter(),
                reason=self.rng.choice(("knowledge_gap", "shopper_request", None, None)),
                platform=self.rng.choice((*PLATFORMS, None)),
                ticket_id=self.rng.choice(("T-1", "42", None)),
                email=self.rng.choice(EMAILS) if kind == "email_provided" else None,
            )

    def of(self, table: str) -> list[Row]:
        return [row for name, row in self.rows if name == table]

    def fill_interaction(self) -> None:
        kind = self.rng.choice(
            ("product_card_click", "product_card_click", "link_click", "add_to_cart", "message_opened")
        )
        conversation = self.rng.choice(self.of("conversations"))
        messages = self.of("messages")
        if kind == "message_opened" and self.chance(0.8):
            messages = [row for row in messages if row["recommended_product_ids"]]
            ids = {row["conversation_id"] for row in messages}
            texted = [
                row for row in self.of("conversations") if row["conversation_id"] in ids and row["channel"] == "sms"
            ]
            conversation = self.rng.choice(texted or [conversation])
        own = [row for row in messages if row["conversation_id"] == conversation["conversation_id"]]
        message = self.rng.choice(own if own and self.chance(0.85) else messages) if messages else {}
        self.add(
            "interactions",
            interaction_id=self.id("interaction_id"),
            conversation_id=conversation["conversation_id"] if self.chance(0.96) else "nobody knows",
            message_id=message.get("message_id") if self.chance(0.85) else None,
            type=kind,
            occurred_at=self.at(),
            product_id=self.pick("product_id", 0.85),
            url=self.rng.choice(("https://x.example/a?b=1&c=%20", None)),
            quantity=self.rng.choice((1, 2, 3, None)),
            visitor_id=self.rng.choice((conversation["visitor_id"], self.pick("visitor_id"), None)),
            profile_id=self.pick("profile_id", 0.1),
        )

    def fill_product_event(self) -> None:
        product_id, occurred_at = self.pick("product_id"), self.at()
        visitor_id, profile_id = self.pick("visitor_id", 0.6), self.pick("profile_id", 0.5)
        recommending = [row for row in self.of("messages") if any(row["recommended_product_ids"] or ())]
        if recommending and self.chance(0.8):  # exactly at an end of the minutes, or just beside it
            message = self.rng.choice(recommending)
            product_id = self.rng.choice([one for one in message["recommended_product_ids"] if one])
            minutes = self.rng.choice((0, self.minutes // 2, self.minutes, self.minutes))
            occurred_at = message["sent_at"] + timedelta(minutes=minutes) + self.rng.choice((0, 0, -1, 1)) * INSTANT
            threads = [row for row in self.of("conversations") if row["conversation_id"] == message["conversation_id"]]
            if threads:
                visitor_id = threads[0]["visitor_id"] or visitor_id
                profile_id = threads[0]["profile_id"] if self.chance(0.5) else None
        self.add(
            "product_events",
            product_event_id=self.id("product_event_id"),
            type=self.value("product_events", "type"),
            occurred_at=occurred_at,
            product_id=product_id,
            profile_id=profile_id,
            visitor_id=visitor_id,
        )

    def fill_order(self) -> None:
        rng = self.rng
        placed_at, visitor_id, product_id = self.at(), self.pick("visitor_id", 0.7), self.pick("product_id")
        touched = [row for row in self.of("interactions") if row["type"] != "add_to_cart"]
        touched += [row for row in self.of("messages") if row["recommended_product_ids"]]
        touched += self.of("product_events")
        if touched and self.chance(0.7):  # exactly at an end of some window, or just beside it
            touch = rng.choice(touched)
            window = rng.choice((0, *self.hours.values())) * HOUR
            touched_at = touch["occurred_at"] if "occurred_at" in touch else touch["sent_at"]
            placed_at = touched_at + window + rng.choice((0, 0, 0, -1, 1)) * INSTANT
            product_id = (
                touch.get("product_id") or rng.choice(touch.get("recommended_product_ids", [None])) or product_id
            )
            key = touch.get("conversation_id")
            thread = [row for row in self.of("conversations") if row["conversation_id"] == key]
            visitor_id = touch.get("visitor_id") or (thread[0]["visitor_id"] if thread else None) or visitor_id
        if placed_at > self.as_of and self.chance(0.7):
            placed_at = rng.choice((self.as_of, placed_at - 5 * 24 * HOUR))
        order = self.add(
            "orders",
            order_id=self.id("order_id"),
            placed_at=placed_at,
            currency="EUR" if self.chance(0.93) else "eur",
            profile_id=self.pick("profile_id", 0.25),
            visitor_id=visitor_id,
            email=rng.choice((*EMAILS, None, None, None)),
            phone=rng.choice(PHONES),
            cancelled_at=rng.choice((self.at(), self.as_of, self.as_of + INSTANT)) if self.chance(0.25) else None,
        )
        if self.chance(0.2):
            self.add("order_profiles", order_id=order["order_id"], profile_id=self.pick("profile_id"))
        keys = [self.id("order_line_id") for _ in range(rng.choice((1, 1, 2, 3)))]
        if self.chance(0.4):
            order["order_line_ids"] = [key for key in keys if self.chance(0.8)]
        for key in keys:
            self.add(
                "order_lines",
                order_line_id=key,
                order_id=order["order_id"] if self.chance(0.97) else "nobody knows",
                product_id=product_id if self.chance(0.6) else self.pick("product_id", 0.7),
                sku=rng.choice(("007", None)),
                quantity=rng.choice((1, 1, 2, 3, "1.5", "0.3333", "2.00005")),
                unit_price=rng.choice(AMOUNTS),
                discount=rng.choice((None, None, "1", "5.00005", "1000")),
                refunded_amount=rng.choice((None, None, "1.00", "5", "99999")),
            )

    def fill_ticket(self, ticket_id: str, at: datetime | None = None, of: str | None = None) -> None:
        """Of a profile at an instant, where they are given.

        Some name their conversation; others were made near a hand-off, or at an end of what is near (4.4).
        """
        rng = self.rng
        quiet = {"offered", "declined", "email_provided"}
        steps = [(row["occurred_at"], row) for row in self.of("handoff_events") if row["type"] not in quiet]
        steps += [(row["sent_at"], row) for row in self.of("messages") if row["sender"] == "human"]
        created_at, profile_id, email = self.at(), self.pick("profile_id", 0.5), rng.choice(EMAILS)
        if at is not None:
            created_at, profile_id = at, of
        elif steps and self.chance(0.8):
            handed_off_at, step = rng.choice(steps)
            created_at = handed_off_at + rng.choice((timedelta(0), HOUR, 24 * HOUR, -HOUR / 12, 12 * HOUR))
            theirs = [row for _, row in self.rows if row.get("conversation_id") == step["conversation_id"]]
            visitors = [row["visitor_id"] for row in theirs if row.get("visitor_id")]
            profiles = [row["profile_id"] for row in theirs if row.get("profile_id")]
            profiles += [row["profile_id"] for row in self.of("visitors") if row["visitor_id"] in visitors]
            profile_id = rng.choice(profiles or [profile_id])
            email = rng.choice([row["email"] for row in theirs if row.get("email")] or [email])
        names = ("status", "solved_at", "satisfaction", "reopen_count")
        self.add(
            "tickets",
            ticket_id=ticket_id,
            platform=rng.choice(PLATFORMS),
            conversation_id=self.pick("conversation_id", 0.2),
            profile_id=profile_id if at or self.chance(0.6) else None,
            email=email,
            created_at=created_at + self.jitter(),
            first_human_reply_at=created_at + rng.choice((0, 1, 30)) * HOUR if self.chance(0.5) else None,
            **{name: self.value("tickets", name) for name in names},
        )

    def lose_parents(self) -> None:
        """Some conversations and orders never arrive."""
        lost = {id(row) for table, row in self.rows if table in {"conversations", "orders"} and self.chance(0.04)}
        self.rows = [(table, row) for table, row in self.rows if id(row) not in lost]

    def add_versions(self) -> None:
        """Older (with luck) versions of some rows, and refused ones of a few."""
        for table, row in list(self.rows):
            keys = landing()[table].key
            names = [column.name for column in landing()[table].columns if column.name not in keys]
            for _ in range(self.rng.choice((0, 0, 0, 0, 0, 0, 1, 1, 2))):
                changed = {name: self.value(table, name) for name in self.rng.sample(names, min(2, len(names)))}
                self.rows.append((table, row | changed))
            if self.chance(0.02):
                self.rows.append((table, broken(self.rng, table, row)))


def _say_when_updated(rng: random.Random, rows: list[tuple[str, Row]], ordered: bool) -> None:
    """Give the versions of every key their `updated_at`: distinct ones, or else any."""
    versions: dict[str, list[Row]] = defaultdict(list)
    for table, row in rows:
        versions[repr([table, *(row.get(name) for name in landing()[table].key)])].append(row)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [None, *(first + n * timedelta(days=40) + n * INSTANT for n in range(12))]  # some lie after as-of
    for group in versions.values():
        chosen = rng.sample(moments, len(group)) if ordered else rng.choices(moments[:3], k=len(group))
        for row, moment in zip(group, chosen, strict=True):
            if row.get("updated_at") is None:
                row["updated_at"] = moment
