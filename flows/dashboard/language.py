"""From values to what people read, in a language: words, numbers, money and times, and HTML.

In the HTML nothing of a stranger is ever markup: all of it comes from the templates beside this module, which escape
every value, and nothing here marks a value as safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_interval, format_skeleton, format_time, get_datetime_format
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol
from jinja2 import Environment, PackageLoader, StrictUndefined

from flows.ground.saying import Text, Value

MESSAGES = Path(__file__).with_name("messages")
NAMES = {  # in their own words
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "pt": "Português",
    "ko": "한국어",
}
NONE = "–"
NOWHERE = "ZZ"  # the territory of Etc/UTC


class Language:
    """One language of NAMES; instants that it writes are local already."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.locale = Locale.parse("pt_BR" if code == "pt" else code)
        self._messages = _messages(code)
        self._templates = self._environment()

    def __call__(self, text: str, **values: Any) -> str:
        """The text in this language, with `%(name)s` replaced; as it is where nobody has translated it."""
        said = self._messages.gettext(text)
        return said % values if values else said

    def many(self, count: int, one: str, several: str, **values: Any) -> str:
        """The text for so many, in which `%(count)s` is the number."""
        return self._messages.ngettext(one, several, count) % {"count": self.number(count), **values}

    def tell(self, text: Text | str, local: Callable[[datetime], datetime]) -> str:
        """The text with its values as people write them, instants on the clock of `local`; a `str` as it is."""
        if isinstance(text, str):
            return text
        values = {name: self._told(value, local) for name, value in text.values.items()}
        if not text.several:
            return self(text.one, **values)
        count = text.values["count"]
        del values["count"]  # `many` writes it
        assert isinstance(count, int)  # noqa: S101  the type has no word for it
        return self.many(count, text.one, text.several, **values)

    def either(self, texts: Iterable[str]) -> str:
        """One of them or another: a, b or c."""
        return format_list(list(texts), style="or", locale=self.locale)

    def html(self, template: str, **values: Any) -> str:
        """The template with these values in it."""
        return self._templates.get_template(f"{template}.html").render(values)

    def number(self, value: Decimal | int | None) -> str:
        """A decimal without the zeros at its end: 1.5 pieces, 2 pieces."""
        return NONE if value is None else format_decimal(value, format="#,##0.####", locale=self.locale)

    def money(self, amount: Decimal | None, currency: str) -> str:
        """In the currency's own digits and sign: R$1,234.57 in English, 1.234,57 € in German."""
        if amount is None:
            return NONE
        sign, text = get_currency_symbol(currency, self.locale), format_currency(amount, currency, locale=self.locale)
        is_word = sign[-1:].isalpha() and text.removeprefix("-").startswith(sign)
        return text.replace(sign, f"{sign}\xa0", 1) if is_word else text

    def percent(self, share: float | None) -> str:
        return NONE if share is None else format_percent(share, self._percents(), locale=self.locale)

    def duration(self, minutes: float | None) -> str:
        """The two largest units of it: 3 d 4 h, 4 h 28 min, 5 min."""
        if minutes is None:
            return NONE
        days, rest = divmod(int(minutes), 24 * 60)
        hours, left = divmod(rest, 60)
        if days:
            return self("%(days)s d %(hours)s h", days=self.number(days), hours=hours)
        return (
            self("%(hours)s h %(minutes)s min", hours=hours, minutes=left)
            if hours
            else self("%(minutes)s min", minutes=left)
        )

    def change(self, now: Decimal | int | None, was: Decimal | int | None) -> str:
        """How much more it is, of what it was."""
        if now is None or was is None:
            return ""
        if not was:
            return self("none before") if now else ""
        return self._signed(float(now) / float(was) - 1, self._percents(tenths=False))

    def points(self, now: float | None, was: float | None) -> str:
        """How many points of per cent it is above what it was."""
        if now is None or was is None:
            return ""
        return self("%(number)s pt", number=self._signed(100 * (now - was), "#,##0.0"))

    def day(self, value: date) -> str:
        return format_date(value, "medium", locale=self.locale)

    def days(self, first: date, last: date) -> str:
        """The dates `first` to `last`, both included."""
        if first == last:
            return self.day(first)
        return str(format_interval(first, last, "yMMMd", locale=self.locale))

    def short_day(self, value: date) -> str:
        return str(format_skeleton("MMMd", value, locale=self.locale))

    def instant(self, value: datetime) -> str:
        """To the minute, on the clock of the language; the value is local."""
        glue = str(get_datetime_format("medium", self.locale))
        return glue.replace("{1}", self.day(value)).replace("{0}", self.clock(value))

    def clock(self, value: datetime) -> str:
        pattern = self.locale.time_formats["short"].pattern.replace("a", "aaaa")  # 오후, not PM
        return str(format_time(value, pattern, locale=self.locale))

    def channel(self, name: str) -> str:
        return CHANNELS.get(name) or self(words(name))

    def term(self, name: str | None) -> str:
        """A name of the contract for people: `ticket_created` is Ticket created."""
        return NONE if not name else self(words(name))

    def touch(self, name: str) -> str:
        """What a shopper did before buying (rules 5.1 and 5.6)."""
        return self(TOUCHES.get(name) or words(name))

    def platform(self, name: str | None) -> str:
        """The name of a helpdesk or of another system as it writes itself."""
        return NONE if not name else PLATFORMS.get(name) or words(name)

    def _told(self, value: Value, local: Callable[[datetime], datetime]) -> str:
        if isinstance(value, datetime):
            return self.instant(local(value))
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, float):
            return format_percent(value, self._percents(tenths=False), locale=self.locale)
        if isinstance(value, tuple):
            return ", ".join(self._told(one, local) for one in value)
        return self.number(value) if isinstance(value, int | Decimal) else self.tell(value, local)

    def _percents(self, *, tenths: bool = True) -> str:
        pattern: str = self.locale.percent_formats[None].pattern
        return pattern.replace("#,##0", "#,##0.0") if tenths else pattern

    def _signed(self, value: float, pattern: str) -> str:
        text = format_decimal(abs(value), pattern, locale=self.locale)
        if not any(sign in text for sign in "123456789"):
            return f"±{text}"
        return f"{'+' if value > 0 else '−'}{text}"

    def _environment(self) -> Environment:
        environment = Environment(
            loader=PackageLoader("flows.dashboard"),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,  # templates of one version, whatever is installed meanwhile
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_callables(self._messages.gettext, self._messages.ngettext, newstyle=True)  # type: ignore[attr-defined]
        names = "number money percent duration day short_day instant clock channel term touch platform"
        environment.filters.update(
            {"words": words, "say": self, **{name: getattr(self, name) for name in names.split()}}
        )
        environment.globals.update({"say": self, "many": self.many, "languages": NAMES, "who": SENDERS})
        return environment


SENDERS = {"visitor": "Shopper", "agent": "Agent", "human": "Person of the shop", "system": "System"}
# Names that are not their words.
CHANNELS = {"sms": "SMS", "whatsapp": "WhatsApp", "tiktok": "TikTok", "line": "LINE", "api": "API"}

PLATFORMS = {
    "chatwoot": "Chatwoot",
    "gorgias": "Gorgias",
    "hubspot": "HubSpot",
    "intercom": "Intercom",
    "klaviyo": "Klaviyo",
    "klaviyo_inbox": "Klaviyo inbox",
    "zendesk": "Zendesk",
}
TOUCHES = {
    "click": "clicked on a product",
    "open": "opened a text message",
    "delivery": "got a text message",
    "inferred": "was shown the product (inferred)",
}


def words(name: str) -> str:
    return name.replace("_", " ").capitalize()


@cache
def language(code: str) -> Language:
    """The language of this code; English where it is none of NAMES."""
    return Language(code if code in NAMES else "en")


def first_weekday(timezone: str) -> int:
    """The weekday on which weeks begin where the zone is, from Monday as 0; Monday where that is nowhere, as of UTC."""
    zone = get_global("zone_aliases").get(timezone, timezone)
    territory = get_global("zone_territories").get(zone)
    try:
        return Locale.parse(f"und_{territory}").first_week_day if territory not in {None, NOWHERE} else 0
    except UnknownLocaleError:
        return 0


def preferred(accepted: str) -> str:
    """Of NAMES, the language that a browser's header asks for first; English where none of them is asked for."""
    wanted = (
        part.split(";")[0].strip().lower().replace("_", "-").partition("-")[0] for part in accepted.split(",")[:20]
    )
    return next((one for one in wanted if one in NAMES), "en")


def _messages(code: str) -> NullTranslations:
    file = MESSAGES / f"{code}.po"
    if code == "en":
        return NullTranslations()
    with file.open("rb") as text:
        catalog = read_po(text, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
