"""Labels were pieces of sentences ("man bei euch ausleihen"), signatures, or two turns in one."""

from __future__ import annotations

import numpy as np
import pytest

from flows.questions.naming import named


def label(*texts: str) -> str:
    """What a topic of these questions is called; each was asked once and stands in the middle."""
    places = np.ones((len(texts), 2), dtype=np.float32) / np.sqrt(2).astype(np.float32)
    groups = np.zeros(len(texts), dtype=np.int64)
    return named(texts, places, groups, np.ones(len(texts), dtype=np.int64))[0].label


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
    found = named(texts, places, np.zeros(3, np.int64), np.array(asked), np.array([False, False, True]))
    assert found[0].label.startswith(called)
