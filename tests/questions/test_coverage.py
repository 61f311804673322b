"""What the knowledge base has for a question (rule 8.3)."""

from __future__ import annotations

import numpy as np
import pytest

from flows.questions import account
from flows.questions.coverage import Article, passages

QUESTIONS = [
    *(
        f"{how} ship to {where}?"
        for how in ("Do you", "Can you", "Will you ever")
        for where in ("Norway", "Peru", "Kenya")
    ),
    *(
        f"{how} my money back{end}"
        for how in ("How do I get", "I want", "When do I get")
        for end in ("?", " please", " for it")
    ),
    *(
        f"{what} my password{end}"
        for what in ("I forgot", "How can I reset", "I lost")
        for end in ("?", " again", " today")
    ),
]
RETURNS = Article(
    "returns", "Refunds", "How you get your money back. We send the money back within five days of the return."
)
SHIPPING = Article("shipping", "Shipping abroad", "We ship to Norway, Peru, Kenya and most countries.")


@pytest.fixture(scope="module")
def exemplars() -> account.Exemplars:
    return account.made(QUESTIONS, np.ones(len(QUESTIONS), dtype=np.int64), "wordllama")


def _gaps(exemplars: account.Exemplars, articles: list[Article]) -> set[str]:
    """Which of the three things that are asked most questions are a gap of."""
    score = exemplars.coverage(articles).score
    names = ["ship"] * 9 + ["money"] * 9 + ["password"] * 9
    return {name for name in names if np.mean([s < 0.5 for s, n in zip(score, names, strict=True) if n == name]) > 0.5}


def test_the_questions_are_three_topics(exemplars: account.Exemplars) -> None:
    groups = exemplars.groups.reshape(3, 9)
    assert [len(set(row.tolist())) for row in groups] == [1, 1, 1]
    assert len(set(groups[:, 0].tolist())) == 3
    assert not exemplars.is_loose.any()


def test_without_articles_everything_is_a_gap_and_nothing_is_nearest_8_3(exemplars: account.Exemplars) -> None:
    coverage = exemplars.coverage([])
    assert coverage.score.tolist() == [0] * 27
    assert set(coverage.best.tolist()) == {-1}
    assert _gaps(exemplars, [Article("empty", "", None)]) == {"ship", "money", "password"}


def test_an_article_closes_its_topic_alone_and_the_topic_opens_when_it_goes_8_3(exemplars: account.Exemplars) -> None:
    assert _gaps(exemplars, [RETURNS]) == {"ship", "password"}
    assert _gaps(exemplars, [RETURNS, SHIPPING]) == {"password"}
    assert _gaps(exemplars, [SHIPPING]) == {"money", "password"}


def test_a_long_article_counts_for_what_it_answers_8_3(exemplars: account.Exemplars) -> None:
    chatter = " ".join(
        f"Our shop number {number} opens at nine and sells lamps of every kind." for number in range(300)
    )
    long = Article("returns", "All about us", f"{chatter[:9000]} {RETURNS.body} {chatter[:3000]}")
    assert _gaps(exemplars, [long]) == {"ship", "password"}
    best = exemplars.coverage([SHIPPING, long]).best
    assert set(best[:9].tolist()) == {0}
    assert set(best[9:18].tolist()) == {1}


def test_passages_are_sentences_without_markup_of_any_script() -> None:
    article = Article(
        "a", "Versand", "<p>Wir liefern nach Norwegen.</p><script>a(b)</script>\n配送は三日です。返品できます。 &nbsp;"
    )
    assert passages(article) == [
        "versand",
        "wir liefern nach norwegen.",
        "a(b)",
        *passages(Article("b", "配送は三日です。", "返品できます。")),
    ]


def test_an_article_of_one_endless_line_is_read_no_further_than_needed() -> None:
    assert len(passages(Article("a", "t", "<" * 300_000))) <= 200
    assert len(passages(Article("a", "t", "Yes. " * 100_000))) <= 200
