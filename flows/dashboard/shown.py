"""From values to what people read: numbers, money, times, and HTML in which nothing of a stranger is ever markup.

All HTML comes from the templates beside this module. They escape every value; nothing here marks a value as safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, get_currency_symbol
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flows.ground.text import counted

STATUSES = {"resolved": "Resolved", "routed": "Routed", "closed": "Closed", "open": "Open"}
# Names that are not their words; `voice` is Voice by itself.
CHANNELS = {"sms": "SMS", "whatsapp": "WhatsApp", "tiktok": "TikTok", "line": "LINE", "api": "API"}
NONE = "–"


def html(template: str, **values: Any) -> str:
    """The template with these values in it."""
    return _ENVIRONMENT.get_template(f"{template}.html").render(values)


def element(widget: Any) -> Markup:
    """A control of marimo inside a template. Its labels are written here, never by strangers."""
    return Markup(widget.text)  # noqa: S704


def number(value: Decimal | int | None) -> str:
    """A decimal without the zeros at its end: 1.5 pieces, 2 pieces."""
    if value is None:
        return NONE
    whole, point, part = f"{value:,}".partition(".")
    return f"{whole}{point}{part}".rstrip("0").rstrip(".") if point else whole


def money(amount: Decimal | None, currency: str) -> str:
    """In the currency's own digits and sign: R$1,234.57."""
    if amount is None:
        return NONE
    sign, text = get_currency_symbol(currency, locale="en"), format_currency(amount, currency, locale="en")
    return text.replace(sign, f"{sign}\xa0", 1) if sign[-1:].isalpha() else text  # CHF 1,234.57


def percent(share: float | None) -> str:
    return NONE if share is None else f"{share:.1%}"


def duration(minutes: float | None) -> str:
    """The two largest units of it: 3 d 4 h, 4 h 28 min, 5 min."""
    if minutes is None:
        return NONE
    days, rest = divmod(int(minutes), 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days:,} d {hours} h"
    return f"{hours} h {left} min" if hours else f"{left} min"


def change(now: Decimal | int | None, was: Decimal | int | None) -> str:
    """How much more it is, of what it was."""
    if now is None or was is None:
        return ""
    if not was:
        return "none before" if now else ""
    return _signed(f"{float(now) / float(was) - 1:+,.0%}")


def points(now: float | None, was: float | None) -> str:
    """How many points of per cent it is above what it was."""
    return "" if now is None or was is None else _signed(f"{100 * (now - was):+.1f} pt")


def day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"


def instant(value: datetime) -> str:
    """To the minute; the value is local."""
    return f"{value.day} {value:%b %Y %H:%M}"


def clock(value: datetime) -> str:
    return f"{value:%H:%M}"


def channel(name: str) -> str:
    return CHANNELS.get(name) or words(name)


def status(name: str) -> str:
    return STATUSES.get(name, name)


def words(name: str | None) -> str:
    """A name of the contract as words: `ticket_created` is Ticket created."""
    return (name or NONE).replace("_", " ").capitalize()


def _signed(text: str) -> str:
    return f"±{text[1:]}" if not text.strip("+-0.% pt") else text.replace("-", "−")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("flows.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Any] = {
        "number": number,
        "money": money,
        "percent": percent,
        "duration": duration,
        "day": day,
        "instant": instant,
        "clock": clock,
        "channel": channel,
        "status": status,
        "words": words,
        "element": element,
    }
    environment.filters.update(filters)
    environment.globals["counted"] = counted
    return environment


_ENVIRONMENT = _environment()
