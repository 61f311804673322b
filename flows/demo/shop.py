"""A shop with its shoppers and orders; times are milliseconds since 1970, UTC, amounts are cents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from unicodedata import normalize

from flows.demo.dice import Dice, Weighted
from flows.demo.phrases import Phrases, shop_facts

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Row = dict[str, Any]


@dataclass
class Shopper:
    """A person, known to the shop from `known_at` on, or never; people may share an email."""

    language: str
    first_name: str
    last_name: str
    email: str
    phone: str
    visitor_ids: list[str]
    profile_id: str | None
    known_at: int
    orders: list[Row] = field(default_factory=list)

    def profile_at(self, at: int) -> str | None:
        return self.profile_id if self.known_at <= at else None


class Shop:
    """One account: its facts, its people, and the landing rows made so far, by table."""

    def __init__(self, name: str, dice: Dice, *, shoppers: int, since: int, until: int) -> None:
        self.facts = shop_facts(name)
        self.account_id: str = self.facts["account"]["account_id"]
        self.dice = dice
        self.since = since
        self.until = until
        self.tables: dict[str, list[Row]] = defaultdict(list)
        self.phrases = {language: Phrases(language) for language in self.facts["languages"]}
        self.products = [(f"{name[:2]}-{1001 + i}", *product) for i, product in enumerate(self.facts["products"])]
        self.platforms = Weighted(self.facts["platforms"].items())
        self._ids = count(1)
        self._write_catalogue()
        languages = Weighted(self.facts["languages"].items())
        self.shoppers: list[Shopper] = []
        for number in range(shoppers):
            self.shoppers.append(self._shopper(number, dice.draw(languages)))

    def new_id(self, prefix: str) -> str:
        """An id that nothing else of this account has."""
        return f"{prefix}{next(self._ids):07d}"

    def add(self, table: str, **columns: Any) -> Row:
        """A landing row of this account."""
        row = {"account_id": self.account_id, **columns}
        self.tables[table].append(row)
        return row

    def url(self, path: str) -> str:
        return f"{self.facts['url']}/{path}"

    def _write_catalogue(self) -> None:
        self.tables["accounts"].append(self.facts["account"])
        self.add("business_hours", **self.facts["business_hours"])
        for skill, label, is_available in self.facts["skills"]:
            self.add("skills", skill=skill, label=label, is_available=is_available)
        for product_id, title, _ in self.products:
            self.add("products", product_id=product_id, title=title, url=self.url(f"p/{product_id}"))
        for number, (title, body, *published) in enumerate(self.facts["articles"], 1):
            url = self.url(f"help/{number}")
            self.add(
                "articles", article_id=f"a{number}", title=title, body=body, url=url, is_published=published != [False]
            )

    def _shopper(self, number: int, language: str) -> Shopper:
        dice = self.dice
        first, last = dice.pick(self.facts["first_names"][language]), dice.pick(self.facts["last_names"][language])
        email = f"{_ascii(first)}.{_ascii(last)}{number}@mail.example"
        phone = f"{self.facts['phone']}{900000000 + number * 7}"
        if self.shoppers and dice.chance(0.015):  # a family with one mailbox
            email = dice.pick(self.shoppers).email
        visitor_ids = [self.new_id("v") for _ in range(1 + dice.chance(0.3))]
        if self.shoppers and dice.chance(0.01):  # and one computer
            visitor_ids[0] = dice.pick(self.shoppers).visitor_ids[0]
        is_known, is_old = dice.chance(0.65), dice.chance(0.6)
        known_at = dice.between(self.since - 200 * DAY, self.since) if is_old else dice.between(self.since, self.until)
        shopper = Shopper(language, first, last, email, phone, visitor_ids, None, known_at)
        if is_known:
            shopper.profile_id = self.new_id("p")
            names = {} if dice.chance(0.12) else {"first_name": first, "last_name": None if dice.chance(0.15) else last}
            contact = {"email": None if dice.chance(0.06) else email, "phone": phone if dice.chance(0.5) else None}
            # Three of four shoppers take email, half of those with a phone take SMS; nobody asked about WhatsApp.
            consent = {"can_receive_email": number % 4 > 0, "can_receive_sms": number % 2 > 0}
            self.add("profiles", profile_id=shopper.profile_id, **contact, **names, **consent)
            for visitor_id in visitor_ids:
                self.add("visitors", visitor_id=visitor_id, profile_id=shopper.profile_id, seen_at=known_at)
        return shopper

    def place_order(self, shopper: Shopper, at: int, first_product: str | None = None) -> Row:
        """An order of one to four lines; `first_product` is among them."""
        dice = self.dice
        profile_id = shopper.profile_at(at) if dice.chance(0.8) else None
        email = shopper.email if dice.chance(0.8) else None
        if email and dice.chance(0.1):
            email = f" {email.upper()}"  # as typed at the till
        order = self.add(
            "orders",
            order_id=f"{self.facts['order_prefix']}{next(self._ids) + 100000}",
            placed_at=at,
            currency=self.facts["account"]["currency"],
            profile_id=profile_id,
            visitor_id=dice.pick(shopper.visitor_ids) if dice.chance(0.7) or not (profile_id or email) else None,
            email=email,
        )
        prices = {product_id: price for product_id, _, price in self.products}
        first = first_product or dice.pick_early(self.products)[0]
        discount = dice.chance(0.2)
        chosen = dice.some_early(list(prices), dice.pick((1, 1, 1, 2, 2, 3, 4)), first)
        order["lines"] = [
            self._line(order["order_id"], n, product_id, prices[product_id], discount)
            for n, product_id in enumerate(chosen, 1)
        ]
        if dice.chance(0.02):
            order["cancelled_at"] = at + dice.between(10 * MINUTE, DAY)
        shopper.orders.append(order)
        return order

    def _line(self, order_id: str, number: int, product_id: str, price: float, discount: bool) -> Row:
        quantity = self.dice.pick((1, 1, 1, 1, 1, 2, 3))
        total = quantity * round(price * 100)
        off = total // 10 if discount else 0
        return self.add(
            "order_lines",
            order_line_id=f"{order_id}-{number}",
            order_id=order_id,
            product_id=product_id,
            sku=f"{product_id}-{self.dice.pick(self.facts['sizes'])}",
            quantity=quantity,
            unit_price=_money(round(price * 100)),
            discount=_money(off),
            refunded_amount=_money(total - off if self.dice.chance(0.04) else 0),
        )

    def recent_order(self, shopper: Shopper, at: int) -> Row:
        """The shopper's newest order of the two weeks before `at`, made up if there is none."""
        recent = [order for order in shopper.orders if at - 14 * DAY < order["placed_at"] < at - HOUR]
        if recent:
            return max(recent, key=lambda order: (order["placed_at"], order["order_id"]))
        return self.place_order(shopper, at - self.dice.between(26 * HOUR, 9 * DAY))

    def refund(self, order: Row) -> None:
        """Everything of the first line goes back."""
        line = order["lines"][0]
        cents = line["quantity"] * _cents(line["unit_price"]) - _cents(line["discount"])
        line["refunded_amount"] = _money(cents)


def _ascii(name: str) -> str:
    return "".join(letter for letter in normalize("NFKD", name.lower()) if letter.isascii() and letter.isalpha())


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))
