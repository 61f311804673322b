"""Answers that were none and counted as answers, and answers that were taken for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract import phrases
from contract.generate import ROOT
from contract.generate.phrases import FALLBACKS
from flows import jobs
from flows.ground.home import Home
from flows.questions.fallbacks import says_no_answer
from flows.settings.requests import RunRequest
from flows.warehouses.duckdb import DuckDBFile
from tests.conftest import write_rows

PHRASES = phrases.read(ROOT / FALLBACKS)
LANGUAGES = sorted(file.stem for file in Path(__file__).parent.glob("*.txt"))
LEAST_RECALL, LEAST_PRECISION = 0.95, 0.98
AT = "2026-06-01T10:00:00Z"


def lines(language: str) -> list[tuple[bool, str]]:
    file = Path(__file__).with_name(f"{language}.txt")
    return [(line[0] == "+", line[2:]) for line in file.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def unanswered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Answer -> whether what is published of its question says that it has none."""
    texts = [phrase.example for phrase in PHRASES]
    texts += [text for language in LANGUAGES for _, text in lines(language)]
    texts = list(dict.fromkeys(texts))
    folder = tmp_path_factory.mktemp("texts")
    of = [{"account_id": "shop", "conversation_id": str(number)} for number in range(len(texts))]
    said = (("visitor", AT, "Do you ship to Norway?"), ("agent", "2026-06-01T10:01:00Z", None))
    messages = [
        {**one, "message_id": f"{number} {sender}", "sender": sender, "sent_at": at, "text": text or texts[number]}
        for number, one in enumerate(of)
        for sender, at, text in said
    ]
    write_rows(folder / "accounts.jsonl", [{"account_id": "shop", "timezone": "UTC", "currency": "EUR"}])
    write_rows(folder / "conversations.jsonl", [{**one, "channel": "web_chat", "created_at": AT} for one in of])
    write_rows(folder / "messages.jsonl", messages)
    home = Home(tmp_path_factory.mktemp("home"))
    asked = RunRequest(home=str(home.root), path=str(folder), as_of="2026-06-07T12:00:00Z")
    assert jobs.run(asked).outcome == "published"
    with DuckDBFile(home).read() as reader:
        found = dict(reader.rows("select conversation_id, is_unanswered from metrics.knowledge_gap_questions"))
    return {text: found[str(number)] is True for number, text in enumerate(texts)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_that_are_none_are_found_and_others_are_not(unanswered: dict[str, bool], language: str) -> None:
    texts = lines(language)
    positive = [text for is_none, text in texts if is_none]
    found = [text for _, text in texts if unanswered[text]]
    right = [text for text in found if text in positive]
    assert len(right) / len(positive) >= LEAST_RECALL, [text for text in positive if text not in found]
    assert len(right) / len(found) >= LEAST_PRECISION, [text for text in found if text not in positive]


def test_each_phrase_is_found_in_its_example(unanswered: dict[str, bool]) -> None:
    for phrase in PHRASES:
        assert unanswered[phrase.example] != phrase.is_taken_out, phrase


def test_an_evaluation_reads_the_phrases_as_a_build_does(unanswered: dict[str, bool]) -> None:
    """Regular expressions of another library, on texts that are made plain by other code."""
    assert [text for text, found in unanswered.items() if says_no_answer(text) != found] == []


def test_the_languages_of_the_phrases_have_texts() -> None:
    assert {phrase.language for phrase in PHRASES} == set(LANGUAGES)
