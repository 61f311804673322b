"""What the random shops are made of: few instants on a coarse grid, few shoppers and products, odd names."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contract import landing

PLACES = (  # a zone, and the local midnight of a day on which something happens
    ("America/New_York", datetime(2026, 3, 8, 5, tzinfo=UTC)),  # 23 hours
    ("America/New_York", datetime(2026, 11, 1, 4, tzinfo=UTC)),  # 25 hours
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 13, tzinfo=UTC)),  # 24.5 hours
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 13, 30, tzinfo=UTC)),  # 23.5 hours
    ("Asia/Kolkata", datetime(2026, 6, 6, 18, 30, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC)),  # midnight does not exist
    ("Pacific/Kiritimati", datetime(2026, 1, 1, 10, tzinfo=UTC)),
)
ODD_IDS = (
    *("a", "A", "Z", "b", "c", "d", "ß", "é", "e\u0301", "\uff5e", "😀", " a", "a ", "7", "007", "null"),
    *("a:1", "1:a", "a/1", "a|b", "a\\b", "100%", "o'k", 'say "x"'),
)
EMAILS = ("ana@x.com", " Ana@X.com", "ANA@x.COM  ", "bob@x.com", "Bob@x.com", "é@x.com", "É@x.com", "  ", None)
PHONES = (
    *(
        "+49 (151) 123-45.67",
        "+491511234567",
        "491511234567",
        "0151 1234567",
        "01511234567",
        "+000 000 0000",
        "call me",
    ),
    *("+1[202]5550100", "123456", "+491511234567 x5", "  ", None, None),
)
TEXTS = (
    *("Hi", "Where is my parcel?", "line\nbreak", 'a "quote", a comma', "😀 ñ\u00a0", " ", "long " * 400, "it's 5 %"),
    None,
)
AMOUNTS = ("0", "10", "9.99", "19.90", "0.00005", "3.33335", "12.5", "1234.5678", "100")
HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)


class Draw:
    """Draws values for one shop around `as_of`."""

    def __init__(self, rng: random.Random, as_of: datetime) -> None:
        self.rng = rng
        self.as_of = as_of
        self.step = rng.choice((1, 2, 6, 12, 12, 24))
        self.zone, midnight = rng.choice(PLACES)
        points = rng.randint(6, 12)
        if rng.random() < 0.6:  # around as-of: the last two instants lie after it
            self.zone = rng.choice((self.zone, "UTC", "Pacific/Auckland", "America/St_Johns"))
            midnight = as_of - (points - 3) * self.step * HOUR
        self.grid = [midnight + n * self.step * HOUR for n in range(points)]
        hours = [0, 1, self.step, 2 * self.step, 7, 12, 24, 24, 120]
        self.hours = {name: rng.choice(hours) for name in windows()}
        self.minutes = rng.choice((0, 60, self.step * 60, 1440))
        self.auto_close = min(72, rng.choice((1, self.step, 2 * self.step, 3 * self.step, 24, 48, 13)))
        self.days = rng.choice((0, 1, 1, 2, 7))
        self.ids = {name: rng.sample(ODD_IDS, 20) for name in ("conversation_id", "message_id", "interaction_id")}
        self.known = {
            "visitor_id": rng.sample(ODD_IDS, rng.randint(1, 4)),
            "profile_id": rng.sample(ODD_IDS, rng.randint(1, 4)),
            "product_id": [*rng.sample(ODD_IDS, rng.randint(1, 3)), "sku:007"],
            "skill": ["order_status", "Größe", "returns/50%", "never listed"],
        }

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def at(self) -> datetime:
        return self.rng.choice(self.grid) + self.jitter()

    def jitter(self) -> timedelta:
        return self.rng.choice((-INSTANT, INSTANT)) if self.chance(0.05) else timedelta()

    def pick(self, name: str, share: float = 1.0) -> Any:
        return self.rng.choice(self.known[name]) if self.known.get(name) and self.chance(share) else None

    def value(self, table: str, name: str) -> Any:
        """A plausible value for a column, as older versions of a row have it."""
        column = landing()[table].column(name)
        special = {
            "timezone": lambda: self.rng.choice(PLACES)[0],
            "currency": lambda: self.rng.choice(("EUR", "EUR", "EUR", "EUR", "USD")),
            "email": lambda: self.rng.choice(EMAILS),
            "phone": lambda: self.rng.choice(PHONES),
            "conversation_id": lambda: self.pick("conversation_id"),
            "order_id": lambda: self.pick("order_id"),
            "platform": lambda: self.rng.choice(("klaviyo_inbox", "zendesk", "gorgias")),
            "recommended_product_ids": self.products,
            "order_line_ids": self.lines,
            "weekly": self.weekly,
            "overrides": self.overrides,
        }
        if name in special:
            return special[name]()
        if name in self.known:
            return self.pick(name, 1.0 if column.required else 0.7)
        if column.values:
            return self.rng.choice(column.values + (() if column.required else (None,)))
        if column.type == "timestamp":
            return self.at() if column.required or self.chance(0.5) else None
        if column.type == "integer":
            return self.rng.choice((1, 2, 12, 24)) + (column.minimum or 0)
        if column.type == "boolean":
            drawn = self.rng.random()
            return None if drawn > 0.8 and not column.required else drawn < 0.4
        return self.rng.choice(AMOUNTS if column.type == "decimal" else TEXTS[:-1])

    def products(self) -> list[str | None] | None:
        if self.chance(0.4):
            return None
        return [self.pick("product_id", 0.95) for _ in range(self.rng.choice((0, 1, 1, 2, 3)))]

    def weekly(self) -> list[str] | None:
        days = self.rng.choice(("mon tue wed thu fri", "mon tue wed thu fri sat sun", "sat sun", "")).split()
        return [f"{day} {self.interval()}" for day in days for _ in range(self.rng.choice((1, 1, 2)))] or None

    def overrides(self) -> list[str] | None:
        """Of dates on which something happens: closed, other intervals, or both."""
        days = {self.at().astimezone(ZoneInfo(self.zone)).date() for _ in range(self.rng.choice((0, 1, 3)))}
        told = [(f"{day}", f"{day} {self.interval()}") for day in sorted(days) for _ in range(2)]
        return [self.rng.choice(one) for one in told] or None

    def interval(self) -> str:
        opens, closes = sorted(self.rng.sample((0, 60, 90, 119, 120, 121, 150, 180, 540, 720, 1080, 1380, 1440), 2))
        return f"{opens}-{closes}"

    def lines(self) -> list[str] | None:
        known = self.known.get("order_line_id", [])
        return self.rng.sample(known, min(2, len(known))) if self.chance(0.5) else None

    def id(self, name: str) -> str:
        """An id not used before in this shop; odd while odd ones last."""
        known = self.known.setdefault(name, [])
        odd = self.ids.setdefault(name, self.rng.sample(ODD_IDS, 12))
        known.append(odd.pop() if odd else f"{name[0]}{len(known)}")
        return known[-1]


def windows() -> list[str]:
    """The columns of `accounts` that hold an attribution window."""
    return [column.name for column in landing()["accounts"].columns if column.name.endswith("_window_hours")]
