"""Texts that sent the shopper elsewhere and were not counted, and texts that only spoke of a channel and were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract import phrases
from contract.generate import ROOT
from contract.generate.phrases import DEFLECTIONS
from flows import jobs
from flows.ground.home import Home
from flows.settings.requests import RunRequest
from flows.warehouses.duckdb import DuckDBFile
from tests.conftest import write_rows
from tests.reference.deflections import sends_elsewhere

PHRASES = phrases.read(ROOT / DEFLECTIONS)
LANGUAGES = sorted(file.stem for file in Path(__file__).parent.glob("*.txt"))
LEAST_RECALL, LEAST_PRECISION = 0.95, 0.98
AT = "2026-06-01T10:00:00Z"
Asked = dict[tuple[str, str], bool]


def lines(language: str) -> list[tuple[bool, str]]:
    file = Path(__file__).with_name(f"{language}.txt")
    return [(line[0] == "+", line[2:]) for line in file.read_text("utf-8").splitlines()]


def conversation(channel: str, number: int, text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    of = {"account_id": "shop", "conversation_id": f"{channel} {number}"}
    said = (("visitor", AT, "Hi"), ("agent", "2026-06-01T10:01:00Z", text))
    return {**of, "channel": channel, "created_at": AT}, [
        {**of, "message_id": f"{channel} {number} {sender}", "sender": sender, "sent_at": at, "text": said_}
        for sender, at, said_ in said
    ]


@pytest.fixture(scope="module")
def deflected(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """(channel, text) -> what is published of it."""
    texts = [(channel, phrase.example) for phrase in PHRASES for channel in ("api", "email", "web_chat", "voice")]
    texts += [("api", text) for language in LANGUAGES for _, text in lines(language)]
    made = [(*one, *conversation(one[0], number, one[1])) for number, one in enumerate(dict.fromkeys(texts))]
    folder = tmp_path_factory.mktemp("texts")
    write_rows(folder / "accounts.jsonl", [{"account_id": "shop", "timezone": "UTC", "currency": "EUR"}])
    write_rows(folder / "conversations.jsonl", [row for _, _, row, _ in made])
    write_rows(folder / "messages.jsonl", [row for *_, rows in made for row in rows])
    home = Home(tmp_path_factory.mktemp("home"))
    asked = RunRequest(home=str(home.root), path=str(folder), as_of="2026-06-07T12:00:00Z")
    assert jobs.run(asked).outcome == "published"
    with DuckDBFile(home).read() as reader:
        found = dict(reader.rows("select conversation_id, is_deflected from metrics.conversations"))
    return {(channel, text): found[row["conversation_id"]] for channel, text, row, _ in made}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_that_send_elsewhere_are_found_and_others_are_not(deflected: Asked, language: str) -> None:
    texts = lines(language)
    positive = [text for sends, text in texts if sends]
    found = [text for _, text in texts if deflected["api", text]]
    right = [text for text in found if text in positive]
    assert len(right) / len(positive) >= LEAST_RECALL, [text for text in positive if text not in found]
    assert len(right) / len(found) >= LEAST_PRECISION, [text for text in found if text not in positive]


def test_each_phrase_is_found_in_its_example_unless_the_conversation_is_there(deflected: Asked) -> None:
    for phrase in PHRASES:
        assert deflected["api", phrase.example] == (phrase.to is not None), phrase
    same = {"email": "email", "web_chat": "web_chat", "phone": "voice"}
    here = [one for one in PHRASES if one.to in same]
    alone = [one for one in here if not sends_elsewhere(one.example, same[str(one.to)])]
    assert len(alone) > len(here) * 0.8  # the other examples name a team or a form as well
    for phrase in alone:
        assert not deflected[same[str(phrase.to)], phrase.example], phrase


def test_a_second_reading_of_the_phrases_says_the_same(deflected: Asked) -> None:
    """Regular expressions of another library, made from the file by other code."""
    differing = [one for one, found in deflected.items() if sends_elsewhere(one[1], one[0]) != found]
    assert differing == []


def test_the_languages_of_the_phrases_have_texts() -> None:
    assert {phrase.language for phrase in PHRASES} == set(LANGUAGES)
