"""The draft of an article: in the words of shoppers, which are text and nothing else, and name nobody."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from flows.ground.home import Home
from flows.published.gap_draft import escaped, masked
from tests.gaps.shop import UNTIL, Say, Shop, Tell, ago, hostile_shop, publish_to


def rendered(markdown: str) -> str:
    """The tokens of Markdown as text: what has a meaning by its kind, what has none as it is."""
    kinds = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown):
        kinds += [child.content if child.type == "text" else f"<{child.type}>" for child in token.children or ()]
        kinds += [] if token.type == "inline" else [f"\n<{token.type}>"]
    return "".join(kinds)


def test_texts_of_strangers_are_text_in_a_draft(place: Home, say: Say) -> None:
    publish_to(place, hostile_shop())
    told = say("draft", "t")
    tokens = rendered(told)
    text = "<script>alert(1)</script> [31m[x](javascript:alert(1)) # heading :smile: [bold]"
    assert tokens.count(text) == 3  # the title, the article, the question
    assert "javascript:alert(1)>" not in told
    assert not any(f"<{kind}" in tokens for kind in ("html", "link", "image", "code", "fence"))
    assert tokens.count("<heading_open>") == 3


@pytest.mark.parametrize(
    "text",
    ["# a", "- a", "+ a", "1. a", "12) a", "> a", "*a*", "_a_", "`a`", "![a](b)", "[a][b]", "<b>a</b>", "&lt;", "~~a~~",
     "\\*a", "a | b", "---", "***", "```", "5-10 days?", "&#60;b&#62;", "[ ] a", "<https://a.example>", "\\", "$a$"],
)  # fmt: skip
def test_markdown_shows_a_text_as_it_is(text: str) -> None:
    expected = f"\n<bullet_list_open>\n<list_item_open>\n<paragraph_open>{text}"
    assert rendered(f"- {escaped(text)}").startswith(f"{expected}\n<paragraph_close>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail to ana.b+c@example.com please", "mail to … please"),
        ("see https://evil.example/x?y=1 now", "see … now"),
        ("see www.evil.example now", "see … now"),
        ("evil.example/path?", "…"),
        ("order 12345 and #99817", "order … and #…"),
        ("call +49 (170) 123-45-67 today", "call … today"),
        ("size 38/40 in 10-12 days, 999 g, 24/7", "size 38/40 in 10-12 days, 999 g, 24/7"),
        ("mañana\n\tor   later", "mañana or later"),
        ("٤٥٦٧٨", "…"),
    ],
)
def test_what_may_name_a_person_is_hidden(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_draft_asks_what_is_asked_most_in_the_words_of_shoppers(
    place: Home, warehouse: str, say: Say, tell: Tell
) -> None:
    shop = Shop()
    shop.article("nearest", title="Orders", url="https://shop.example/orders")
    shop.topic("t", label="Where is my order", best_article_id="nearest", coverage_score="0.55")
    shop.conversation("a", "routed", profile_id="p")
    shop.conversation("b", "open")
    for number in range(20):
        shop.ask("t", "a", ago(days=20 - number), f"Only once, {'x' * number}?")
    for number in (1111, 2222, 3333):
        shop.ask("t", "b", ago(days=30), f"Where is order {number}?")
    shop.ask("t", "b", ago(days=31), "WHERE is order 4444 !!")
    shop.ask("t", "b", ago(days=32), "y" * 1000)
    shop.ask("t", "b", ago(days=32), "y" * 1000)
    shop.ask("t", "b", ago(days=33), "1234567 ??")
    publish_to(place, shop, warehouse)
    found = tell("draft", "t", "--warehouse", warehouse)
    assert set(found) == {"title", "topic_id", "questions", "nearest_article"}
    assert (found["title"], found["topic_id"], len(found["questions"])) == ("Where is my order", "t", 12)
    first, second, third, *_ = found["questions"]
    assert first == {"text": "Where is order …?", "times_asked": 4}
    assert second == {"text": "y" * 299 + "…", "times_asked": 2}
    assert third == {"text": f"Only once, {'x' * 19}?", "times_asked": 1}
    assert found["nearest_article"] == {
        "article_id": "nearest", "title": "Orders", "url": "https://shop.example/orders", "coverage_score": 0.55,
    }  # fmt: skip
    lines = say("draft", "t", "--warehouse", warehouse).splitlines()
    assert lines[0] == "# Where is my order"
    assert lines[2] == "2 people asked since 2026-05-05: 27 questions in 2 conversations, of which 1 was handed off."
    assert lines[4] == "Extend this article rather than write a new one: **Orders**: <https://shop.example/orders>"
    assert lines[6:9] == ["## Questions to answer", "", "- Where is order …?"]
    assert lines[-1] == "## Answer"


def test_an_article_that_is_far_away_is_not_to_be_extended(place: Home, tell: Tell, say: Say) -> None:
    shop = Shop()
    shop.topic("t", coverage_score="0.4999")
    shop.conversation("c")
    shop.ask("t", "c", UNTIL)
    publish_to(place, shop)
    assert tell("draft", "t")["nearest_article"] is None
    assert "Extend" not in say("draft", "t")
