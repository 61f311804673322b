"""The draft of an article: in the words of shoppers, which are text and nothing else, and name nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from flows.ground.home import Home
from flows.published.gap_draft import escaped, masked
from flows.published.gap_wordings import is_near, without_names, wordings, words_of
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
        shop.ask("t", "a", ago(days=20 - number), f"Only once, {chr(97 + number) * 6}?")
    for number in (1111, 2222, 3333):
        shop.ask("t", "b", ago(days=30), f"Where is order {number}?")
    shop.ask("t", "b", ago(days=31), "WHERE is order 4444 !!")
    shop.ask("t", "b", ago(days=32), "y" * 1000)
    shop.ask("t", "b", ago(days=32), "y" * 1000)
    shop.ask("t", "b", ago(days=33), "1234567 ??")
    for _ in range(5):
        shop.ask("t", "b", ago(days=34), "And to Norway?")  # a follow-up, which was the first line of a draft
    publish_to(place, shop, warehouse)
    found = tell("draft", "t", "--warehouse", warehouse)
    assert set(found) == {"title", "topic_id", "questions", "nearest_article"}
    assert all(one.pop("such_as") == [] for one in found["questions"])
    assert (found["title"], found["topic_id"], len(found["questions"])) == ("Where is my order", "t", 12)
    first, second, third, *_ = found["questions"]
    assert first == {"text": "Where is order …?", "times_asked": 4}
    assert second == {"text": "y" * 299 + "…", "times_asked": 2}
    assert third == {"text": f"Only once, {'t' * 6}?", "times_asked": 1}
    assert found["nearest_article"] == {
        "article_id": "nearest", "title": "Orders", "url": "https://shop.example/orders", "coverage_score": 0.55,
    }  # fmt: skip
    lines = say("draft", "t", "--warehouse", warehouse).splitlines()
    assert lines[0] == "# Where is my order"
    assert lines[2] == "2 people asked since 4 May 2026: 32 questions in 2 conversations, of which 1 was handed off."
    assert lines[4] == "Extend this article rather than write a new one: **Orders**: <https://shop.example/orders>"
    assert lines[6:9] == ["## Questions to answer", "", "- Where is order …? (4 times)"]
    assert lines[-1] == "## Answer"


def test_near_equal_questions_of_a_topics_kind_are_one_line(place: Home, warehouse: str, say: Say, tell: Tell) -> None:
    """A draft had a line for each greeting, town and product, and began with praise."""
    shop = Shop()
    for product, title in (("1", "Casaco Serra 65"), ("2", "Saia Rosa"), ("3", "Saia")):
        shop.add("products", product_id=product, title=title)
    shop.topic("t")
    shop.conversation("c")
    towns = ("Campinas", "Rio de Janeiro", "Porto Alegre", "Campinas")
    texts = [
        f"{hello}Vocês têm loja em {town}?" for hello, town in zip(("Olá ", "", "Bom dia, ", ""), towns, strict=True)
    ]
    texts += ["vocês têm loja em campinas", "Tem provador em Porto Alegre?"]
    texts += ["Posso lavar o Casaco Serra 65 em casa?", "oi! posso lavar o saia rosa em casa?"]
    texts += ["olá vocês vendem no atacado?", "Vocês vendem no atacado?", "Vendem 6 dúzias?", "Vendem 7 dúzias?"]
    for number, text in enumerate(texts):
        shop.ask("t", "c", ago(days=number), text)
    for number in range(9):
        shop.ask("t", "c", ago(days=number), "Love your shop!")
        shop.rows["knowledge_gap_questions"][-1]["kind"] = "other"
    publish_to(place, shop, warehouse)
    found = tell("draft", "t", "--warehouse", warehouse)["questions"]
    assert [(one["text"], one["times_asked"], one["such_as"]) for one in found] == [
        ("Vocês têm loja em …?", 5, ["Campinas", "Rio de Janeiro", "Porto Alegre"]),
        ("Posso lavar o … em casa?", 2, ["Casaco Serra 65", "saia rosa"]),
        ("olá vocês vendem no atacado?", 2, []),
        ("Vendem … dúzias?", 2, []),
        ("Tem provador em Porto Alegre?", 1, []),
    ]
    assert "- Posso lavar o … em casa? (2 times: Casaco Serra 65, saia rosa)" in say(
        "draft", "t", "--warehouse", warehouse
    )


def test_what_differs_in_one_name_of_two_is_not_one_question() -> None:
    """Else the article would not say how it is with either."""
    asked = [("Can I turn it on in Rome?", 1), ("Can I turn it off in Rome?", 1), ("Can I turn it on in Oslo?", 1)]
    assert [one.shown for one in wordings(asked)] == [text for text, _ in asked]


SETTINGS = """
[[accounts]]
account_id = "shop"
timezone = "America/Sao_Paulo"
currency = "BRL"
language = "ko"
"""


def test_a_draft_is_in_the_language_of_the_account(place: Home, say: Say) -> None:
    """The help center that it is for is the shop's."""
    shop = Shop()
    shop.article("nearest", title="100 % %(x)s", url="https://shop.example/50%25")
    shop.topic("t", label="Where is my order", best_article_id="nearest", coverage_score="0.55")
    shop.conversation("a", "routed")
    for day in (1, 2):
        shop.ask("t", "a", ago(days=day), "Where is it?")
    publish_to(place, shop)
    Path("agent-metrics.toml").write_text(SETTINGS, "utf-8")
    assert say("draft", "t").split("\n\n") == [
        "# Where is my order",
        "2026. 6. 5. 이후 문의: 1명, 질문 2건, 대화 1건(그중 1건 이관).",
        "새 문서를 쓰기보다 다음 문서를 보완하세요: **100 % %(x)s**: <https://shop.example/50%25>",
        "## 답해야 할 질문",
        "- Where is it? (2회)",
        "## 답변\n",
    ]


def test_an_article_that_is_far_away_is_not_to_be_extended(place: Home, tell: Tell, say: Say) -> None:
    shop = Shop()
    shop.topic("t", coverage_score="0.4999")
    shop.conversation("c")
    shop.ask("t", "c", UNTIL)
    publish_to(place, shop)
    assert tell("draft", "t")["nearest_article"] is None
    assert "Extend" not in say("draft", "t")


@pytest.mark.parametrize(
    ("text", "names", "shown"),
    [
        ("Hi, I'm Anna Schmidt. Do you ship abroad? Thanks, Anna", "", "I'm …. Do you ship abroad?"),
        ("Oi, tudo bem?, Vocês vendem no atacado?", None, "Vocês vendem no atacado?"),
        ("Olá Vocês vendem no atacado?", None, "Vocês vendem no atacado?"),
        ("Buenas tardes, ¿hacen envíos?", None, "¿hacen envíos?"),
        ("no funciona el enlace", None, "no funciona el enlace"),
        ("dá para mandar como presente?", None, "dá para mandar como presente?"),
        ("Please can I return it?", None, "Please can I return it?"),
        ("Bom dia!", None, "Bom dia!"),
        ("Hello! my name is peter, how long does it take?", "", "my name is …, how long does it take?"),
        ("Hallo, ich heiße Petra Müller-Lüdi, wie lange dauert es?", "", "ich heiße …, wie lange dauert es?"),
        ("olá, meu nome é João, vocês entregam em Lisboa?", "", "meu nome é …, vocês entregam em Lisboa?"),
        ("Is this for ANA? Ana Maria Costa", "Ana Costa", "Is this for …? … Maria …"),
        ("Dear team,\nwhere is it?\nKind regards\nJo", "", "where is it?"),
        ("Ich bin Kundin, kann ich das umtauschen?", "", "Ich bin Kundin, kann ich das umtauschen?"),
        ("I'm looking for a red coat", None, "I'm looking for a red coat"),
    ],
)  # fmt: skip
def test_a_draft_names_no_shopper(text: str, names: str | None, shown: str) -> None:
    assert without_names(text, [names]) == shown


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("Do you ship to Norway?", "do you ship to norwya", True),
        ("Können Sie das liefern?", "konnen sie das liefern", True),
        ("Where is my parcel", "my parcel, where is?", True),
        ("How do I turn it on?", "How do I turn it off?", False),
        ("Do you ship to Norway?", "Do you ship to Sweden?", False),
        ("Is there a bag with nuts?", "Is there a bag with nets?", False),
        ("Can I return it?", "Can I not return it?", False),
        ("Do you have size 40000?", "Do you have size 40001?", False),
        ("返品できますか", "返品できません", False),
    ],
)
def test_near_equal_wordings_are_one_line_and_others_are_not(one: str, other: str, is_one: bool) -> None:
    words = words_of(one), words_of(other)
    assert (words[0] == words[1] or is_near(*words)) == is_one
    assert is_near(*words) == is_near(*reversed(words))


def test_a_draft_hides_the_name_of_whoever_asked_and_counts_misspelt_wordings(
    place: Home, warehouse: str, tell: Tell
) -> None:
    shop = Shop()
    shop.topic("t")
    shop.add("profiles", profile_id="p", name="Ida Holm")
    shop.conversation("a", profile_id="p")
    shop.conversation("b")
    shop.ask("t", "a", ago(days=1), "Do you deliver to Norway? Ida")
    for day in (2, 3):
        shop.ask("t", "b", ago(days=day), "do you deliver to Norway")
    shop.ask("t", "b", ago(days=4), "do you delivr to norway??")
    publish_to(place, shop, warehouse)
    found = tell("draft", "t", "--warehouse", warehouse)["questions"]
    assert found == [{"text": "do you deliver to Norway", "times_asked": 4, "such_as": []}]


def test_golden_questions_are_lines_of_json_one_for_each_gap(place: Home, warehouse: str, say: Say, tell: Tell) -> None:
    shop = Shop()
    shop.topic("gap", representative_question="My name is Jo. Where is order 12345?")
    shop.topic("covered", is_gap="false", coverage_score="0.8", representative_question="Can I return it?")
    shop.topic("dismissed", state="dismissed")
    for topic in ("gap", "covered", "dismissed"):
        shop.conversation(topic)
        shop.ask(topic, topic, ago(days=1))
    publish_to(place, shop, warehouse)
    at = ("--warehouse", warehouse)
    expected = {"is_answered": True, "is_handed_off": False, "article_id": None}
    gap = {"account": "shop", "topic_id": "gap", "question": "My name is …. Where is order …?", "expected": expected}
    assert [json.loads(line) for line in say("golden", *at).splitlines()] == [gap]
    covered = {**gap, "topic_id": "covered", "question": "Can I return it?"}
    everything = tell("golden", "--all", *at)["questions"]
    assert [one["topic_id"] for one in everything] == ["covered", "dismissed", "gap"]
    assert everything[0] == {**covered, "expected": {**expected, "article_id": "article"}}


def test_golden_questions_are_of_the_kind_that_is_asked_for(place: Home, say: Say, tell: Tell) -> None:
    """The option was taken and not heeded. An article that is far away is not what an answer is to stand on."""
    shop = Shop()
    for topic, kind in (("gap", "knowledge"), ("blue", "product")):
        shop.topic(topic, kind=kind, is_gap=str(kind == "knowledge").lower())
        shop.conversation(topic)
        shop.ask(topic, topic, ago(days=1))
    publish_to(place, shop)
    (found,) = tell("golden", "--kind", "product")["questions"]
    assert (found["topic_id"], found["expected"]["article_id"]) == ("blue", None)
    assert "there is no topic of kind order" in say("golden", "--kind", "order", status=0, err=True)
