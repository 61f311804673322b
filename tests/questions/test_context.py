"""Questions that cannot stand alone made topics of their own, named "why" (rule 8.1)."""

from __future__ import annotations

import gzip
import json
import tomllib
from pathlib import Path

import pytest

from flows.questions import context
from flows.questions.context import follows_up
from tests.questions.test_updating import Shop, shop  # noqa: F401  a fixture

SETS = Path(__file__).parents[2] / "benchmarks" / "topics"
FOLLOW_UPS = (
    "and to Norway?|And if it breaks?|why?|how much is that?|What about the blue one?|how long does it take|"
    "Et si je change d'avis ?|"
    "Und nach Österreich?|Was kostet das?|Und wenn es kaputt geht?|Et pour la Suisse ?|Combien ça coûte ?|"
    "¿Y para Canarias?|¿Cuánto cuesta eso?|¿Y si no me gusta?|E para Lisboa?|E se quebrar?|Quanto custa isso?|"
    "E per la Svizzera?|Quanto costa?|E se non va bene?|En naar België?|Hoeveel kost dat?|En als het kapot gaat?"
)
ALONE = (
    "Do you ship to Norway?|How do I return this?|Is shipping free?|Which size should I take in the blue dress?|Hello|"
    "And now something else: my parcel came broken and nobody answers me|Wie lange dauert der Versand?|"
    "Où est ma commande ?|Y a-t-il un code promo ?|¿En qué estado está mi pedido?|O cupom não funciona|"
    "É possível trocar?|"
    "Só passei para dizer que amei|Quanto tempo demora o envio?|Posso restituire un articolo?|"
    "Kan ik ruilen?|送料はいくらですか？"
)


@pytest.mark.parametrize("text", FOLLOW_UPS.split("|"))
def test_a_question_that_names_no_matter_follows_up_8_1(text: str) -> None:
    assert follows_up(text)


@pytest.mark.parametrize("text", ALONE.split("|"))
def test_a_question_that_names_its_matter_stands_alone_8_1(text: str) -> None:
    assert not follows_up(text)


def test_real_questions_without_a_conversation_stand_alone_8_1() -> None:
    """Of two public sets, in which every question was written to be understood."""
    for name in ("bitext", "banking77"):
        with gzip.open(SETS / f"{name}.questions.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        assert sum(map(follows_up, texts)) <= 0.002 * len(texts)


def test_a_follow_up_is_grouped_with_the_turn_before_it_8_1(shop: Shop) -> None:  # noqa: F811
    shop.asks(["Do you ship to Norway?", "Thanks", "and how much is that?"], ["and how much is that?"])
    shop.updated()
    together = "Do you ship to Norway? … and how much is that?"
    texts = {text for (text,) in shop.rows("select text from exemplars")}
    assert texts == {"Do you ship to Norway?", together, "and how much is that?"}
    shop.asks(["Hi", "Do you ship to Norway?", "and how much is that?"])
    shop.updated()
    assert shop.topic_of(together) == shop.topic_of("Do you ship to Norway?")


def test_every_table_has_phrases_of_the_main_languages() -> None:
    tables = tomllib.loads(context.PHRASES.read_text("utf-8"))
    for languages in tables.values():
        assert set(languages) == {"en", "de", "fr", "es", "pt", "it", "nl"}
