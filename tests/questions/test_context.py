"""Questions that cannot stand alone made topics of their own, named "why" (rule 8.1)."""

from __future__ import annotations

import gzip
import json
import tomllib
from pathlib import Path

import pytest

from flows.questions import context
from flows.questions.context import follows_up
from flows.questions.kinds import About, Kind, titles
from flows.questions.understanding import about, understood
from tests.questions.test_updating import Shop, shop  # noqa: F401  a fixture

SETS = Path(__file__).parents[2] / "benchmarks" / "topics"
FOLLOW_UPS = (
    "and to Norway?|And if it breaks?|why?|how much is that?|What about the blue one?|how long does it take|"
    "Et si je change d'avis ?|"
    "Und nach Österreich?|Was kostet das?|Und wenn es kaputt geht?|Et pour la Suisse ?|Combien ça coûte ?|"
    "¿Y para Canarias?|¿Cuánto cuesta eso?|¿Y si no me gusta?|E para Lisboa?|E se quebrar?|Quanto custa isso?|"
    "E per la Svizzera?|Quanto costa?|E se non va bene?|En naar België?|Hoeveel kost dat?|En als het kapot gaat?|"
    "¿Y a Canarias?|¿Y a México?|¿Y en azul?|¿Y el otro?|E de graça?|Is it free?|Is that free of charge?|"
    "Is it possible?|What's the price?|Does it cost extra?|É grátis?|É possível?|Qual o prazo?|"
    "Qual o valor?|Demora muito?|¿Es gratis?|"
    "¿Es posible?|¿Cuánto es el plazo?|C'est gratuit ?|C'est possible ?|Ça prend beaucoup de temps ?|"
    "Ist das kostenlos?|Ist das möglich?|Bis wann?|Kostet das extra?|È gratis?|È possibile?|"
    "Is het gratis?|Is dat mogelijk?"
)
ALONE = (
    "Do you ship to Norway?|How do I return this?|Is shipping free?|Which size should I take in the blue dress?|Hello|"
    "And now something else: my parcel came broken and nobody answers me|Wie lange dauert der Versand?|"
    "Où est ma commande ?|Y a-t-il un code promo ?|¿En qué estado está mi pedido?|O cupom não funciona|"
    "É possível trocar?|"
    "Só passei para dizer que amei|Quanto tempo demora o envio?|Posso restituire un articolo?|"
    "Kan ik ruilen?|送料はいくらですか？|"
    "Is the shipping to Austria free?|Are returns free?|O frete é grátis?|A troca é de graça?|¿El envío es gratis?|"
    "La livraison est gratuite ?|Ist der Versand kostenlos?|La spedizione è gratis?|Is verzenden gratis?|¿Cómo pago?|"
    "É de algodão orgânico?|É um presente, dá para embrulhar?|Y a des soldes ?|Y a pas de code promo ?|"
    "Y a moyen de payer en plusieurs fois ?|Is it possible to pay later?|Est-il possible de retirer en magasin ?"
)
NOTHING_NEW = (  # asks that something be confirmed, and nothing else
    "Can you confirm that?|Hi, could you please confirm that for me?|Are you sure?|Is that right?|never mind|"
    "Können Sie das bestätigen?|Stimmt das wirklich?|Sind Sie sicher?|"
    "Guten Tag,\n\nkönnen Sie mir das bitte bestätigen?\n\nBeste Grüße, Sophie|"
    "Vous pouvez confirmer ?|Vous êtes sûrs ?|¿Me lo confirmas?|¿Está seguro?|"
    "Hola,\n\n¿Me lo puede confirmar?\n\nUn abrazo, Eva|"
    "Consegue confirmar isso?|Tem certeza?|Me lo confermi?|Sei sicuro?|Kunt u dat bevestigen?|Weet je het zeker?"
)
NO_MATTER = (  # with nothing before them nobody knows what these ask
    "and why?|And to Norway?|How much is that?|and the blue one?|And the Fjord Rain Jacket?|why?|"
    "Und wenn ich im Urlaub bin?|Und nach Österreich?|Et pour la Suisse ?|Combien ça coûte ?|¿Y para Canarias?|"
    "¿Y si no me gusta?|E para Lisboa?|E se quebrar?|Mas e a azul?|E per la Svizzera?|E se non va bene?|"
    "En naar België?|¿Y a Canarias?|E de graça?|Is it free?|É grátis?|¿Es gratis?|C'est gratuit ?|"
    "Ist das kostenlos?|È gratis?|Is het gratis?|What's the price?"
)
SAYS_ITSELF: dict[Kind, str] = {
    "knowledge": "And do you ship to Norway?|And is it vegan?|And the return policy?|What about shipping to Norway?|"
    "What if I lose my receipt?|Und gibt es Garantie?|Et la livraison est gratuite ?|¿Y aceptan Bizum?|"
    "E no Pix tem desconto?|E o prazo para troca?",
    "order": "And where is my order 4711?|But my parcel has not arrived|How much is that in total?|"
    "Was kostet das dann insgesamt?|Combien ça fait au total ?|¿Cuánto es en total?|Então quanto fica no total?",
    "person": "And can I talk to a human?|Dann möchte ich mit jemandem sprechen",
    "product": "And in blue?|And does the Fjord Rain Jacket run small?",
}
CATALOGUE = titles([("7", "Fjord Rain Jacket"), ("8", "Storm Wool Hat")])


@pytest.mark.parametrize("text", FOLLOW_UPS.split("|"))
def test_a_question_that_names_no_matter_follows_up_8_1(text: str) -> None:
    assert follows_up(text)


@pytest.mark.parametrize("text", ALONE.split("|"))
def test_a_question_that_names_its_matter_stands_alone_8_1(text: str) -> None:
    assert not follows_up(text)


def test_real_questions_without_a_conversation_stand_alone_8_1() -> None:
    """Of two public sets, in which every question was written to be understood."""
    for name in ("bitext", "banking77"):
        texts = _texts(name)
        assert sum(map(follows_up, texts)) <= 0.002 * len(texts)


@pytest.mark.parametrize("text", NOTHING_NEW.split("|"))
def test_who_wants_something_confirmed_asks_nothing_8_4(text: str) -> None:
    """Whatever was said before: it is not read with that, and nothing is read with it (8.1)."""
    (found,) = understood([""], [text], {}, are_asked=True, are_many=False)
    assert (found.about, found.follows_up) == (About("other"), False)


@pytest.mark.parametrize("text", NO_MATTER.split("|"))
def test_what_cannot_stand_alone_is_about_nothing_where_nothing_was_before_8_4(text: str) -> None:
    (found,) = understood([""], [text], {"": CATALOGUE}, are_asked=True, are_many=False)
    assert (found.about, found.follows_up) == (About("other"), True)


@pytest.mark.parametrize(
    ("text", "kind"), [(text, kind) for kind, line in SAYS_ITSELF.items() for text in line.split("|")]
)
def test_what_says_itself_what_it_is_about_is_of_that_kind_8_4(text: str, kind: Kind) -> None:
    assert about(text, CATALOGUE).kind == kind


@pytest.mark.parametrize(
    ("earlier", "text", "expected"),
    [
        ("Is it waterproof?", "And if I am away?", About("product")),
        ("Do you ship to Austria?", "Is it free?", About("knowledge")),
        ("Do you ship to Norway?", "And if I am away?", About("knowledge")),
        ("Where is my order 4711?", "Und wenn ich im Urlaub bin?", About("order")),
        ("Is the Fjord Rain Jacket waterproof?", "and do you ship to Norway?", About("knowledge")),
        ("Is the Fjord Rain Jacket waterproof?", "and how much is that in total?", About("order")),
        ("Is the Fjord Rain Jacket waterproof?", "And the Storm Wool Hat?", About("product", "8")),
        ("Is the Fjord Rain Jacket waterproof?", "And in the rain?", About("product", "7")),
        ("How do I wash the Fjord Rain Jacket?", "And the Storm Wool Hat?", About("knowledge")),
        ("Hi,\n\nIs it waterproof?\n\nBest regards, Ana", "Hi,\n\nand why?\n\nBest regards, Ana", About("product")),
    ],
)
def test_a_follow_up_is_about_the_matter_before_unless_it_says_another_8_4(
    earlier: str, text: str, expected: About
) -> None:
    assert about(context.together(earlier, text), CATALOGUE) == expected


def test_hardly_a_real_question_is_taken_for_one_without_a_matter_8_4() -> None:
    """Of two public sets of questions to be answered: 2 of 7,594 are lost, both "and what about the card PIN"."""
    assert sum(_is_lost(text) for name in ("bitext", "banking77") for text in _texts(name)) <= 3


def _is_lost(text: str) -> bool:
    (found,) = understood([""], [text], {}, are_asked=True, are_many=False)
    return found.follows_up and found.about == About("other")


def _texts(name: str) -> list[str]:
    with gzip.open(SETS / f"{name}.questions.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def test_what_has_no_matter_is_no_turn_before_8_1(shop: Shop) -> None:  # noqa: F811
    shop.asks(["Do you ship to Norway?", "Can you confirm that?", "Love your shop!", "and how much is that?"])
    shop.updated()
    texts = {text for (text,) in shop.rows("select text from exemplars")}
    together = "Do you ship to Norway? … and how much is that?"
    assert texts == {"Do you ship to Norway?", "Can you confirm that?", together}


def test_what_is_read_with_the_turn_before_makes_no_topic_8_2(shop: Shop) -> None:  # noqa: F811
    """Many times "and how fast?" after this and that was a topic."""
    asked = [f"{how} {what}" for how in ("How do I", "Can I", "Where do I", "I want to") for what in MATTERS]
    shop.asks(*([text, "and when, please?"] for text in asked))
    shop.updated()
    assert shop.rows("select count(*) from exemplars where text like '% … %'") == [(0,)]
    of = {text: shop.topic_of(context.together(text, "and when, please?")) for text in asked}
    assert sum(topic == shop.topic_of(text) for text, topic in of.items()) >= 0.9 * len(asked)


MATTERS = (
    "return a damaged item?",
    "pay with an invoice?",
    "change my password?",
    "ship a parcel to Norway?",
    "repair a broken zip?",
    "redeem a gift voucher?",
    "wash merino socks?",
)


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
