"""Values for people; no text of a stranger becomes markup."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from markupsafe import Markup

import contract
from flows.dashboard import shown
from flows.ground.text import counted
from flows.published.notes import Note
from flows.published.performance import GROUPS
from tests.published.shop import HOSTILE

TEMPLATES = Path(shown.__file__).with_name("templates")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5678", "BRL", "R$1,234.57"),
        ("0", "BRL", "R$0.00"),
        ("-3.5", "EUR", "-€3.50"),
        ("1234567.005", "EUR", "€1,234,567.00"),  # half to even, as babel has it
        ("1234.4999", "JPY", "¥1,234"),
        ("0.125", "KWD", "KWD\xa00.125"),
        ("99999999999999.9999", "USD", "$100,000,000,000,000.00"),
        ("1", "XYZ", "XYZ\xa01.00"),
        ("-1234.5", "CHF", "-CHF\xa01,234.50"),
    ],
)
def test_money_is_in_its_currency(amount: str, currency: str, text: str) -> None:
    assert shown.money(Decimal(amount), currency) == text


def test_nothing_is_a_dash() -> None:
    assert [shown.money(None, "BRL"), shown.percent(None), shown.number(None), shown.words(None)] == ["–"] * 4


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
    assert shown.change(now, was) == text


@pytest.mark.parametrize(
    ("now", "was", "text"),
    [(0.75, 0.7, "+5.0 pt"), (0.7, 0.75, "−5.0 pt"), (0.7, 0.7, "±0.0 pt"), (0.7001, 0.7, "±0.0 pt"), (None, 1, "")],
)
def test_points(now: float | None, was: float | None, text: str) -> None:
    assert shown.points(now, was) == text
    assert shown.points(was, None) == ""


def test_numbers_times_and_words() -> None:
    assert shown.number(1234567) == "1,234,567"
    assert [counted(number, "order") for number in (0, 1, 1200)] == ["0 orders", "1 order", "1,200 orders"]
    assert counted(2, "person", "people") == "2 people"
    assert shown.percent(2 / 3) == "66.7%"
    moment = datetime(2026, 6, 7, 9, 5)  # noqa: DTZ001  local by then
    assert (shown.instant(moment), shown.clock(moment), shown.day(date(2026, 6, 7))) == (
        "7 Jun 2026 09:05",
        "09:05",
        "7 Jun 2026",
    )
    assert (shown.status("routed"), shown.channel("sms"), shown.channel("new")) == ("Routed", "SMS", "New")
    assert shown.words("ticket_created") == "Ticket created"


@pytest.mark.parametrize("text", [*HOSTILE, "</p><img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "&lt;b&gt;"])
def test_texts_of_strangers_stay_texts(text: str) -> None:
    told = shown.html("notes", notes=[Note("silence", text, text)])
    assert "<script" not in told
    assert "<img" not in told
    escaped = str(Markup.escape(text))
    assert told.count(escaped) >= 2 * bool(text)
    row = SimpleNamespace(
        skill='" onmouseover="alert(1)', label=text, is_available=False, messages=1, conversations=0,
        resolved=0, routed=0, closed=0, open=0,
    )  # fmt: skip
    table = shown.html("skills", skills=[row])
    assert escaped in table
    assert 'data-skill="&#34; onmouseover=&#34;alert(1)"' in table


def test_what_a_template_lacks_is_an_error() -> None:
    with pytest.raises(Exception, match="'notes' is undefined"):
        shown.html("notes")


def test_nothing_is_marked_safe() -> None:
    """The only markup that comes from outside a template is that of controls, whose labels are ours."""
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text("utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup|\|\s*striptags|\|\s*urlize|xmlattr", text), template.name
        for value in re.findall(r'\b(?:href|src|action)=("[^"]*"|[^"\s]+)', text):
            # an address from outside is one of the web (`web_url`), or begins with what is ours
            assert re.match(r'"(?:\{\{ ?(?:\w+\.)*url ?\}\}"|\{\{ ?csv ?\}\}"|[#\w./?=-]+)', value), (
                template.name,
                value,
            )
        for script in re.findall(r"<script.*?</script>", text, re.DOTALL):
            assert "{{" not in script, template.name
        assert not re.search(r"\son\w+=", text), template.name
    sources = Path(shown.__file__).parent.glob("*.py")
    marked = {file.name: file.read_text("utf-8").count("Markup(") for file in sources}
    assert {name: count for name, count in marked.items() if count} == {"shown.py": 1}


def test_groups_of_the_chart_have_names() -> None:
    conversations = contract.metrics()["conversations"]
    assert tuple(shown.STATUSES) == conversations.column("status").values
    assert [shown.channel(one) for one in ("web_chat", "sms", "instagram", "fax_machine")] == [
        *("Web chat", "SMS", "Instagram", "Fax machine")
    ]
    assert GROUPS == ("status", "channel", "tag")
