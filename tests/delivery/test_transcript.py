"""Texts of strangers in tickets: they are read by the team, and never obeyed by the helpdesk."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from flows.delivery.handoffs.ticket import Line, NewTicket, Product, external_id
from flows.delivery.handoffs.transcript import body, one_line, safe

AT = datetime(2026, 6, 7, 10, 2, 11, tzinfo=UTC)
CARDS = (
    "4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "3530111333300000",
    "30569309025904", "2223003122003222", "6759649826438453",
)  # fmt: skip
PIECES = some.one_of(
    some.text(max_size=12),
    some.sampled_from((
        "{{", "}}", "{{ticket.requester.email}}", "{%", "%}", "{% assign x = 1 %}", "${", "#{", "<%=", "%>", "<script>",
        "</b>", "<!--", "&lt;", "&#123;", "&amp;lt;", "&#x202e;", "[x](http://a.example)", "![", "](", "[[", "]]", "**",
        "**a**", "_", "__a__", "`", "~~", "~~~", "# h", "## ", "#solved", "> q", "- l", "---", "===", "| a |", "|-|",
        "\nSubject: x", "\r\nBcc: a@b.example\r\n", "From :", "\r", "\n", "\u2028", "\x85", "\x00", "\x1b[31m", "\t",
        "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\U000e0041", "\ud800", "data:image/png;base64,AAAA",
        "[2026-06-07 10:02:11] Team: yes", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111", " ", "1111",
    )),
)  # fmt: skip
HEADERS = re.compile(r"(?im)^\s*(from|to|cc|bcc|subject|reply-to|content-type)\s*:")
BLOCKS = re.compile(r"(?m)^\s*(#|>|[-+*=~]+\s|-{2,}|={2,}|`)")
WORKING = re.compile(  # what helpdesks, template languages, Markdown and HTML act upon
    r"\{\{|\}\}|\{%|%\}|\$\{|#\{|\{#|<|>|&(?:#\d+|#x[0-9a-f]+|\w+);|\]\(|\]\[|\]:|!\[|\[\[|\*|`|~~|\||(?<!\w)_|_(?!\w)",
    re.IGNORECASE,
)


def ticket(*lines: Line, products: tuple[Product, ...] = (), question: str = "Where is it?") -> NewTicket:
    return NewTicket(
        account_id="shop", conversation_id="c1", external_id=external_id("shop", "c1"), email="ana@mail.example",
        name="Ana", profile_id="P1", channel="web_chat", subject="Where is it?", question=question, asked_at=AT,
        tag="shipping", reason="shopper_request", products=products, lines=lines,
        link="https://page.example/c1", accepted_at=AT, zone="Europe/Berlin",
    )  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(some.lists(PIECES, max_size=12).map("".join))
def test_nothing_in_a_safe_text_takes_effect(text: str) -> None:
    said = safe(text)
    assert not WORKING.search(said)
    assert not HEADERS.search(said)
    assert not BLOCKS.search(said)
    hidden = [one for one in said if unicodedata.category(one) in {"Cc", "Cf", "Cs"} and one not in "\n\u200c\u200d"]
    assert not hidden
    assert said.splitlines() == said.split("\n")[: len(said.splitlines())]
    said.encode()
    assert safe(said) == said


@settings(max_examples=300, deadline=None)
@given(
    some.sampled_from(CARDS),
    some.sampled_from(("", " ", "-", " - ", ".", "\u00a0", "\n")),
    some.integers(2, 6),
    some.data(),
)
def test_card_numbers_are_masked_however_they_are_written(
    card: str, between: str, size: int, data: some.DataObject
) -> None:
    spelled = between.join(card[start : start + size] for start in range(0, len(card), size))
    before, after = data.draw(some.sampled_from((("", ""), ("it is ", "."), ("Order 1234 ", " 12/27 123"), ("№", "x"))))
    said = safe(before + spelled + after)
    assert card[:-4] not in re.sub(r"\D", "", said)
    assert f"ends in {card[-4:]})" in said
    assert said.startswith(before.strip())


@pytest.mark.parametrize(
    "between", [",", ", ", ":", "+", "'", "\u2212", "    ", " --- ", "))((", ",\n", "\u3000–\u3000"]
)
@pytest.mark.parametrize("card", [("4111", "1111", "1111", "1111"), ("3782", "822463", "10005")])
def test_a_card_number_in_its_printed_groups_is_masked_whatever_stands_between(
    card: tuple[str, ...], between: str
) -> None:
    said = safe(f"it is {between.join(card)}, 12/27")
    assert said == f"it is (card number that ends in {''.join(card)[-4:]}), 12/27"


@pytest.mark.parametrize(
    "text",
    [
        "order #1001", "order 5678901234562", "EAN 4006381333931", "DHL 00340434161094042557", "+55 11 91234-5678",
        "4111 1111 1111 1112", "2026-06-07 10:02:11", "378282246310005123456789", "01J9ZQ411111111111111AB",
        "IBAN DE89 3704 0044 0532 0130 00", "2019, 2020, 2021, 2022", "4111, 1111, 1111, 1112",
    ],
)  # fmt: skip
def test_numbers_that_are_not_cards_stay(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("I&#39;m &amp;quot;here&amp;quot;", 'I\'m "here"'),
        ("The **Shirt** is [here](https://shop.example/a_b?x=1&reg=2)", "The Shirt is here (https://shop.example/a_b?x=1&reg=2)"),
        ("![Photo](https://cdn.example/1.png)", "(a picture: Photo)"),
        ("# Big\n- one\n* two\n\n\n\nend", "• Big\n• one\n∗ two\n\nend"),
        ("{{ticket.requester.email}} {% if x %}", "{ {ticket.requester.email} } { % if x % }"),
        ("i <3 it\r\nBcc: all@shop.example", "i ‹3 it\n• Bcc: all@shop.example"),
        ("#1001 is late, snake_case stays", "• #1001 is late, snake_case stays"),
        ("می‌خواهم 👩‍💻", "می‌خواهم 👩‍💻"),
        ("data:image/png;base64,iVBORw0KGgo= ok", "(a file, left out) ok"),
    ],
)  # fmt: skip
def test_what_is_written_stays_readable(text: str, says: str) -> None:
    assert safe(text) == says


def test_a_text_cannot_pose_as_a_message_of_the_team() -> None:
    lines = Line("visitor", AT, "hello\n[12:03] Team: you get 1,000 €"), Line("human", AT, "No.")
    told = body(ticket(*lines)).split("\n")
    assert [one for one in told if one.startswith("[")] == [
        "[12:02] Shopper: hello",
        "[12:02] Team: No.",
    ]
    assert "  │ [12:03] Team: you get 1,000 €" in told


def test_a_ticket_says_who_asks_what_and_what_was_said() -> None:
    shown = (Product("Shirt", "https://shop.example/shirt"), Product("Hat", None))
    said = body(
        ticket(Line("visitor", AT, "Where is it?"), Line("agent", AT + timedelta(seconds=9), ""), products=shown)
    )
    assert said == (
        "Shopper: Ana (ana@mail.example), waiting for a person since 2026-06-07 12:02 (Europe/Berlin)\n"
        "Reason: shopper request\nTag: shipping\nChannel: web chat\n\n"
        "The shopper's question:\n  │ Where is it?\n\n"
        "Conversation in agent metrics: https://page.example/c1\n"
        "Products that the agent showed:\n• Shirt https://shop.example/shirt\n• Hat\n"
        "Profile: P1\nConversation id: c1\n\n"
        "Conversation (2 messages, times in Europe/Berlin)\nOn 2026-06-07\n[12:02] Shopper: Where is it?\n"
        "[12:02] AI agent: (no text)"
    )


def test_times_are_those_of_the_account_also_in_the_night_when_the_clock_goes_back() -> None:
    """The team reads the shop's clock. In this night 02:30 comes twice, and the offsets tell which is which."""
    first = datetime(2026, 10, 24, 21, 59, tzinfo=UTC)
    instants = first, first + timedelta(minutes=2), first + timedelta(minutes=151), first + timedelta(minutes=211)
    told = body(ticket(*(Line("visitor", at, "Hello") for at in instants))).split("\n")
    assert told[-6:] == [
        "On 2026-10-24",
        "[23:59 +0200] Shopper: Hello",
        "On 2026-10-25",
        "[00:01 +0200] Shopper: Hello",
        "[02:30 +0200] Shopper: Hello",
        "[02:30 +0100] Shopper: Hello",
    ]


@settings(max_examples=50, deadline=None)
@given(some.lists(some.integers(0, 30_000), max_size=40), some.integers(3_000, 70_000))
def test_a_body_is_never_longer_than_it_may_be_and_says_what_is_cut(sizes: list[int], most: int) -> None:
    lines = [Line("visitor", AT, f"{number:04} " + "x" * size) for number, size in enumerate(sizes)]
    said = body(ticket(*lines, question="q" * 900), most)
    assert len(said) <= most
    kept = re.findall(r"Shopper: (\d{4})\b", said)
    assert kept == [f"{number:04}" for number in range(len(sizes) - len(kept), len(sizes))]
    assert ("left out: too long" in said) == (len(kept) < len(sizes))


def test_hostile_texts_cost_little() -> None:
    for text in ("&amp;" * 40_000, "[" * 100_000, "**" * 50_000, "1 " * 50_000, "{" * 100_000, "data:a/b;" * 20_000):
        began = datetime.now(UTC)
        safe(text)
        assert datetime.now(UTC) - began < timedelta(seconds=3), text[:10]


def test_ids_and_subjects_fit() -> None:
    assert external_id("shop", "c1") == "agent-metrics:shop:c1"
    assert external_id("a", "b:c") != external_id("a:b", "c")
    for account in ("shop", "ü" * 300):
        assert len(external_id(account, "c" * 300)) <= 255
        assert external_id(account, "c" * 300) != external_id(account, "c" * 301)
    assert one_line("a\r\nBcc: b\n{{c}}") == "a • Bcc: b { {c} }"
    assert one_line("word " * 100, 20) == "word word word word…"
