"""Values for people in a language; no text of a stranger becomes markup."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

import contract
from flows import dashboard
from flows.dashboard.language import NAMES, NONE, SENDERS, first_weekday, language, preferred
from flows.dashboard.stack import STATUS_COLOURS, name_of
from flows.published.performance import GROUPS
from tests.published.shop import HOSTILE

ROOM = Path(dashboard.__file__).parent
SAY = language("en")
GERMAN = language("de")


def plain(text: str) -> str:
    """With the blanks that do not break as those that do."""
    return re.sub(r"[\u00a0\u202f\u2009]", " ", text)


@pytest.mark.parametrize(
    ("amount", "currency", "text", "german"),
    [
        ("1234.5678", "BRL", "R$1,234.57", "1.234,57 R$"),
        ("0", "BRL", "R$0.00", "0,00 R$"),
        ("-3.5", "EUR", "-€3.50", "-3,50 €"),
        ("1234567.005", "EUR", "€1,234,567.00", "1.234.567,00 €"),  # half to even, as babel has it
        ("1234.4999", "JPY", "¥1,234", "1.234 ¥"),
        ("0.125", "KWD", "KWD 0.125", "0,125 KWD"),
        ("99999999999999.9999", "USD", "$100,000,000,000,000.00", "100.000.000.000.000,00 $"),
        ("1", "XYZ", "XYZ 1.00", "1,00 XYZ"),
        ("-1234.5", "CHF", "-CHF 1,234.50", "-1.234,50 CHF"),
    ],
)
def test_money_is_in_its_currency(amount: str, currency: str, text: str, german: str) -> None:
    assert plain(SAY.money(Decimal(amount), currency)) == text
    assert plain(GERMAN.money(Decimal(amount), currency)) == german


def test_nothing_is_a_dash() -> None:
    for say in (SAY, GERMAN):
        nothing = [say.money(None, "BRL"), say.percent(None), say.number(None), say.duration(None), say.term(None)]
        assert nothing == [NONE] * 5


@pytest.mark.parametrize(
    ("now", "was", "text"),
    [
        (110, 100, "+10%"),
        (90, 100, "−10%"),
        (100, 100, "±0%"),
        (1001, 1000, "±0%"),
        (999, 1000, "±0%"),
        (0, 5, "−100%"),
        (5, 0, "none before"),
        (0, 0, ""),
        (None, 5, ""),
        (5, None, ""),
        (Decimal("15.50"), Decimal("10.00"), "+55%"),
        (Decimal("0.0001"), Decimal(0), "none before"),
        (300, 1, "+29,900%"),
    ],
)
def test_changes(now: Decimal | int | None, was: Decimal | int | None, text: str) -> None:
    assert SAY.change(now, was) == text


@pytest.mark.parametrize(
    ("now", "was", "text"),
    [(0.75, 0.7, "+5.0 pt"), (0.7, 0.75, "−5.0 pt"), (0.7, 0.7, "±0.0 pt"), (0.7001, 0.7, "±0.0 pt"), (None, 1, "")],
)
def test_points(now: float | None, was: float | None, text: str) -> None:
    assert SAY.points(now, was) == text
    assert SAY.points(was, None) == ""


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0 min"), (5, "5 min"), (5.9, "5 min"), (60, "1 h 0 min"), (268, "4 h 28 min"), (4560, "3 d 4 h"),
     (24 * 60 * 1200, "1,200 d 0 h")],
)  # fmt: skip
def test_durations_have_two_units(minutes: float, text: str) -> None:
    assert SAY.duration(minutes) == text


def test_numbers_and_counts() -> None:
    assert [SAY.number(one) for one in (1234567, Decimal("1.5000"), Decimal("2.0000"))] == ["1,234,567", "1.5", "2"]
    assert GERMAN.number(1234567) == "1.234.567"
    assert (SAY.percent(2 / 3), plain(GERMAN.percent(2 / 3))) == ("66.7%", "66,7 %")
    orders = [SAY.many(count, "%(count)s order", "%(count)s orders") for count in (0, 1, 1200)]
    assert orders == ["0 orders", "1 order", "1,200 orders"]
    assert SAY.either(["a"]) == "a"
    assert SAY.either(["a", "b", "c"]) == "a, b, or c"
    assert GERMAN.either(["a", "b"]) == "a oder b"


def test_dates_and_times() -> None:
    day, moment = date(2026, 6, 7), datetime(2026, 6, 7, 9, 5)  # noqa: DTZ001  local by then
    assert plain(SAY.instant(moment)) == "Jun 7, 2026, 9:05 AM"
    assert plain(GERMAN.instant(moment)) == "07.06.2026, 09:05"
    assert SAY.short_day(day) == "Jun 7"
    assert plain(SAY.days(date(2026, 6, 1), day)) == "Jun 1 – 7, 2026"
    assert plain(SAY.days(date(2026, 5, 9), day)) == "May 9 – Jun 7, 2026"
    assert plain(SAY.days(date(2025, 12, 31), date(2026, 1, 1))) == "Dec 31, 2025 – Jan 1, 2026"
    assert SAY.days(day, day) == SAY.day(day) == "Jun 7, 2026"


@pytest.mark.parametrize("code", NAMES)
def test_every_language_writes_every_date_there_can_be(code: str) -> None:
    say = language(code)
    first, last = date(1, 1, 1), date(9999, 12, 31)
    assert "9999" in say.days(first, last)
    assert say.day(first)
    assert say.clock(datetime(1, 1, 1))  # noqa: DTZ001


def test_names_of_the_contract_are_words() -> None:
    assert (SAY.channel("sms"), SAY.channel("web_chat"), SAY.channel("fax_machine")) == (
        "SMS",
        "Web chat",
        "Fax machine",
    )
    assert SAY.term("ticket_created") == "Ticket created"
    assert (GERMAN.term("agent"), SENDERS["visitor"]) != ("Agent", "Visitor")
    conversations = contract.metrics()["conversations"]
    reasons = conversations.column("open_reason").values
    assert {*STATUS_COLOURS, "open"} == {*conversations.column("status").values, *reasons}
    assert [name_of(one, "status", SAY) for one in ("resolved", "unanswered")] == ["Resolved", "Unanswered"]
    assert GROUPS == ("status", "channel", "tag")
    assert set(SENDERS) == set(contract.metrics()["messages"].column("sender").values)


def test_a_text_that_nobody_has_translated_stays_as_it_is() -> None:
    for code in NAMES:
        assert (
            language(code)("a word that is in no file of %(what)s", what="them") == "a word that is in no file of them"
        )
        assert language(code)("100 %") == "100 %"
    assert language("xx") is not SAY
    assert language("xx").code == "en"


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH,fr;q=0.8", "de"),
        ("nl;q=0.9, FR-ca;q=0.8", "fr"),
        ("zh-CN", "en"),
        ("pt_BR", "pt"),
        ("*", "en"),
        (";q=1,,,", "en"),
        ("d" * 10_000, "en"),
        (",".join(["xx"] * 30 + ["de"]), "en"),  # nobody asks for so many
    ],
)
def test_a_browser_asks_for_a_language(accepted: str, code: str) -> None:
    assert preferred(accepted) == code


# Markup


@pytest.mark.parametrize("text", [*HOSTILE, "</p><img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "&lt;b&gt;", '" x="'])
def test_texts_of_strangers_stay_texts(text: str) -> None:
    told = SAY.html("problem", what=text, why=text)
    assert "<script>" not in told
    assert "<img" not in told
    assert told.count(str(Markup.escape(text))) >= 2 * bool(text)


def test_what_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'why' is undefined"):
        SAY.html("problem", what="")


def test_nothing_is_marked_as_safe() -> None:
    """What comes from outside is a text between tags or in quotes, and never a script, a style or a handler."""
    templates = sorted(ROOM.glob("templates/**/*.html"))
    assert len(templates) > 12
    for template in templates:
        text, name = template.read_text("utf-8"), template.name
        assert not re.search(r"\|\s*(safe|striptags|urlize|xmlattr|tojson)|autoescape|Markup", text), name
        scripts = re.findall(r"<script[^>]*>.*?</script>", text, re.DOTALL)
        assert scripts in ([], ['<script src="static/page.js" type="module"></script>']), name
        assert not re.search(r"<style|\son\w+=|\sstyle=", text), name
        tame = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", lambda one: "x" * len(one[0]), text)
        for tag in re.findall(r"<\w[^<>]*>", tame):
            assert not re.search(r"=[^\"\s>]", re.sub(r'"[^"]*"', '""', tag)), (name, tag)
        for address in re.findall(r'\b(?:href|src|action|formaction)="([^"]*)', text):
            assert address.startswith(OURS) or address == "{{ root }}", (name, address)
    for file in ROOM.glob("**/*.py"):
        assert "Markup" not in file.read_text("utf-8"), file.name


# How an address may begin: with a path, with what `Look` makes; that of a product is one of the web (`web_url`).
OURS = (
    *("{{ root }}static/", "{{ root }}login?"),  # `root` is dots and slashes
    *("#", "static/", "audiences", "conversations", "events", "{{ './' if look.section", "{{ 'knowledge/article?'"),
    *("{{ look.to(", "{{ look.here(", "{{ parts.row_link(", "{{ part.before }}", "{{ part.after }}"),
    *("{{ card.behind }}", "{{ links[", "{{ chip.without }}", "{{ export }}", "{{ product.url }}"),
)


@pytest.mark.parametrize(
    ("zone", "weekday"),
    [
        ("Europe/Berlin", 0),
        ("Europe/London", 0),
        ("America/New_York", 6),
        ("US/Eastern", 6),  # another name of it
        ("America/Sao_Paulo", 6),
        ("Asia/Seoul", 6),
        ("Africa/Cairo", 5),
        ("UTC", 0),
        ("Etc/GMT+3", 0),
        ("Not/AZone", 0),
    ],
)
def test_weeks_begin_as_they_do_where_the_zone_is(zone: str, weekday: int) -> None:
    assert first_weekday(zone) == weekday


def test_weeks_begin_somewhere_in_every_zone() -> None:
    assert {first_weekday(zone) for zone in available_timezones()} <= set(range(7))
