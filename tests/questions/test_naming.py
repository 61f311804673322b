"""Labels were pieces of sentences ("man bei euch ausleihen"), signatures, or two turns in one."""

from __future__ import annotations

import numpy as np
import pytest

from flows.questions.forms import NOTHING, Sold, sold
from flows.questions.naming import named


def label(*texts: str, known: Sold = NOTHING) -> str:
    """What a topic of these questions is called; each was asked once and stands in the middle."""
    places = np.ones((len(texts), 2), dtype=np.float32) / np.sqrt(2).astype(np.float32)
    groups = np.zeros(len(texts), dtype=np.int64)
    return named(texts, places, groups, np.ones(len(texts), dtype=np.int64), known=known)[0].label


@pytest.mark.parametrize(
    ("texts", "called"),
    [
        (["Kann man Zelte bei euch ausleihen?", "Kann man bei euch ausleihen: Schuhe?"], "Kann man"),
        (["¿Hay otros colores para este modelo?\nUn abrazo, Íñigo"], "¿Hay otros colores para este modelo?"),
        (["Oi, tudo bem? Vocês entregam no sábado em Goiânia?"], "Vocês entregam no sábado em Goiânia?"),
        (["order 123456 is late", "Is my parcel with order 123456 late? Do you know more?"], "Do you know more?"),
        (["ist der Versand kostenlos?"], "Ist der Versand kostenlos?"),
        (["送料はいくらですか"], "送料はいくらですか"),
    ],
)
def test_a_label_is_a_sentence_that_tells_the_topic(texts: list[str], called: str) -> None:
    assert label(*texts).startswith(called)


def test_a_question_that_needs_the_turn_before_names_no_topic_where_another_is_there() -> None:
    alone, joined = "Does the jacket come in other colours at all?", "Is it warm? … And does it come in other colours?"
    assert label(joined, alone) == alone
    assert label(joined) == "And does it come in other colours?"


@pytest.mark.parametrize(("asked", "called"), [([1, 1, 5], "Do you"), ([1, 5, 1], "Is the"), ([1, 1, 2], "Do you")])
def test_a_topic_is_named_after_a_question_of_its_kind(asked: list[int], called: str) -> None:
    """A gap of discounts was called after a dress that somebody wanted in black."""
    texts = ["Is the Sun dress in black?", "Is the Rose skirt in red?", "Do you have a discount code for students now?"]
    places = np.array([[1, 0], [1, 0], [0.8, 0.6]], dtype=np.float32)  # dresses are in the middle
    found = named(texts, places, np.zeros(3, np.int64), np.array(asked), votes=np.array([-1, -1, 1]))
    assert found[0].label.startswith(called)


@pytest.mark.parametrize(
    ("votes", "asked", "called"),
    [([0, 0, 1], 6, "Do you"), ([0, 0, -1], 6, "Do you"), ([0, 0, 1], 5, "Can you"), ([0, 0, 0], 6, "Can you")],
)
def test_small_talk_names_a_topic_of_hardly_anything_else(votes: list[int], asked: int, called: str) -> None:
    """A gap of shops was called "Can you confirm that?", which was asked more."""
    texts = ["Can you confirm that?", "Can you confirm that, please?", "Do you have a shop in town?"]
    places = np.array([[1, 0], [1, 0], [0.8, 0.6]], dtype=np.float32)
    found = named(texts, places, np.zeros(3, np.int64), np.array([9, 9, asked]), votes=np.array(votes))
    assert found[0].label.startswith(called)


KNOWN = sold(["Fjord Rain Jacket", "Storm 65 Bag", "Lantern"])


@pytest.mark.parametrize(
    ("texts", "called"),
    [
        (["Do you have spare parts for the Fjord rain-jacket?"], "Do you have spare parts for the …?"),
        (["What is better, the Storm 65 Bag or the Fjord Rain Jacket?"], "What is better, the … or the …?"),
        (["How heavy is the Lantern?"], "How heavy is the Lantern?"),
        (
            ["Do you offer gift wrapping for the Storm 65 Bag?", "Do you offer gift wrapping?"],
            "Do you offer gift wrapping?",
        ),
    ],
)
def test_a_label_names_no_product_of_many(texts: list[str], called: str) -> None:
    assert label(*texts, known=KNOWN) == called


@pytest.mark.parametrize(
    ("texts", "called"),
    [
        (["Hello there Do you repair boots?", "Do you repair a pair of boots?"], "Do you repair a pair of boots?"),
        (["Is it free?", "Is the shipping to islands free of charge?"], "Is the shipping to islands free of charge?"),
        (
            ["I want to buy wholesale. What is the smallest order that you take?", "I want to buy wholesale"],
            "I want to buy wholesale.",
        ),
        (["Love your shop! Do you sell boots?"], "Do you sell boots?"),
        (["My parcel has not arrived. What happened?"], "My parcel has not arrived."),
        (["I am rather tall. Which size should I take?"], "Which size should I take?"),
        (["Are you really sure about that? I want to buy wholesale."], "I want to buy wholesale."),
    ],
)
def test_a_label_says_what_most_questions_share_and_can_be_read_alone(texts: list[str], called: str) -> None:
    assert label(*texts) == called
