"""A version that is kept by hand is forgotten by hand: outcomes that move without one leave an installation with
figures that were made in two ways.

`outcomes.json` has what comes of some questions, and of which versions it came. `python -m
tests.questions.test_versions` writes it anew; it refuses where outcomes moved and no version was raised.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
from pydantic import BaseModel

from flows.ground.progress import Silent
from flows.questions import context, coverage, grouping, kinds, understanding, versions, wording
from flows.questions.account import key
from flows.questions.updating import update
from tests.questions.test_context import ALONE, FOLLOW_UPS, NOTHING_NEW
from tests.questions.test_coverage import QUESTIONS
from tests.questions.test_kinds import KNOWN
from tests.questions.test_kinds import TEXTS as ABOUT
from tests.questions.test_wording import ASKS, SMALL_TALK, TELLS

FILE = Path(__file__).with_name("outcomes.json")
PHRASES = (kinds.PHRASES, context.PHRASES)
SET = Path(__file__).parents[2] / "benchmarks" / "topics"
TEXTS = [text for texts in (ASKS, TELLS, SMALL_TALK) for phrases in texts.values() for text in phrases.split("|")]
ABOUTS = [text for line in (*ABOUT.values(), FOLLOW_UPS, ALONE, NOTHING_NEW) for text in line.split("|")]
ROUNDING = 0.02  # what another processor may move: this share of the questions, and a score by this much
REMEDY = "raise the version in flows/questions/versions.py, then python -m tests.questions.test_versions"


class Place(NamedTuple):
    """Where a question is: the label of its topic, and what the articles have for it."""

    topic: str | None
    article: str | None
    coverage: float


class Outcomes(BaseModel):
    """What comes of messages and of questions, by their text; `words` and `phrases` are digests of the files."""

    grouping: int
    coverage: int
    words: str
    phrases: str = ""
    kinds: dict[str, str]
    abouts: dict[str, str] = {}
    places: dict[str, Place]


def outcomes() -> Outcomes:
    """What the code makes of them now."""
    return Outcomes(
        grouping=versions.GROUPING,
        coverage=versions.COVERAGE,
        words=hashlib.sha256(repr(_words()).encode()).hexdigest()[:12],
        phrases=hashlib.sha256(repr([tomllib.loads(one.read_text("utf-8")) for one in PHRASES]).encode()).hexdigest()[
            :12
        ],
        kinds={text: wording.kind(text) for text in TEXTS},
        abouts={text: understanding.about(text, KNOWN).kind for text in ABOUTS},
        places=_places(),
    )


def _words() -> list[tuple[str, str, list[str]]]:
    """The phrases of words.toml by table and language, with their alternatives written out: `(a|b) c` is two."""
    tables = tomllib.loads(wording.WORDS.read_text("utf-8"))
    unspaced = ("unspaced", "", sorted(tables.pop("unspaced")))
    return [unspaced] + [
        (table, language, sorted({one for phrase in phrases for one in _written_out(wording.bare(phrase.casefold()))}))
        for table, languages in sorted(tables.items())
        for language, phrases in sorted(languages.items())
    ]


def _written_out(phrase: str) -> set[str]:
    found = {""}
    for part in wording._parts(phrase):
        choices = {part}
        if len(part) > 1:
            choices = {one for choice in wording._choices(part) for one in _written_out(choice)}
        found = {begun + one for begun in found for one in choices}
    return found


def moved_without_a_version(known: Outcomes, now: Outcomes) -> Iterator[str]:
    """What came out otherwise than known, though its version is the same."""
    places = [(place, now.places[text]) for text, place in known.places.items()]
    if now.grouping == known.grouping:
        if now.words != known.words:
            yield "the words"
        if any(now.kinds.get(text, kind) != kind for text, kind in known.kinds.items()):
            yield "which messages ask"
        if now.phrases != known.phrases:
            yield "the phrases"
        if any(now.abouts.get(text, kind) != kind for text, kind in known.abouts.items()):
            yield "what questions are about"
        if sum(one.topic != other.topic for one, other in places) > ROUNDING * len(places):
            yield "the topics"
    if (now.grouping, now.coverage) == (known.grouping, known.coverage):
        moved = [one.article != other.article or abs(one.coverage - other.coverage) > ROUNDING for one, other in places]
        if sum(moved) > ROUNDING * len(moved):
            yield "what articles answer"


def _places() -> dict[str, Place]:
    """One build groups questions of a large and of a small account; the next one finds more, and another article."""
    questions, articles = _read("bitext.questions"), _read("bitext.articles")
    topics = sorted({one["topic"] for one in questions})[:12]
    asked = [[one["text"] for one in questions if one["topic"] == topic][:16] for topic in topics]
    published = [("large", *one.values()) for one in articles if one["article_id"] in topics]
    first = [("large", text) for texts in asked for text in texts[:12]] + [("small", text) for text in QUESTIONS[::2]]
    second = [("large", text) for texts in asked for text in texts[12:]]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create table all_asked (account_id text, conversation_id text, position int, text text)")
        connection.execute("create view accounts as select distinct account_id from all_asked")
        connection.execute("create table published_articles (account_id text, article_id text, title text, body text)")
        connection.execute("create table titled_products (account_id text, product_id text, title text)")
        connection.execute(
            "create table topic_decisions (account_id text, topic_id text, state text, decided_at timestamptz)"
        )
        for found, to_publish in ((first, published[1:]), (second, published[:1])):
            rows = [(account, key(text), 1, text) for account, text in found]
            connection.executemany("insert into all_asked values (?, ?, ?, ?)", rows)
            connection.executemany("insert into published_articles values (?, ?, ?, ?)", to_publish)
            connection.execute(
                "create or replace view changed_asked as from all_asked where conversation_id in "
                f"({', '.join(repr(key(text)) for _, text in found)})"
            )
            as_of = datetime(2026, 6, 7, tzinfo=UTC)
            update(Path(folder), connection, as_of=as_of, embedder="wordllama", regroup=False, progress=Silent())
        for table in ("topic_texts", "topic_exemplars", "topic_names"):
            connection.execute(f"create table {table}_now as from '{folder}/2/{table}.parquet'")
        placed = connection.execute(
            """select text, case when nearness >= 1 then label end, exemplars.best_article_id, exemplars.coverage_score
            from (select *, md5(text) as text_key from all_asked) as asked
            join (select account_id, text_key, exemplar_key, nearness from topic_texts_now) using (account_id, text_key)
            join (select * exclude (text) from topic_exemplars_now) as exemplars using (account_id, exemplar_key)
            left join (select account_id, topic_id, label from topic_names_now) using (account_id, topic_id)
            order by account_id, text"""
        ).fetchall()
    return {text: Place(*place) for text, *place in placed}


def _read(name: str) -> list[dict[str, Any]]:
    with gzip.open(SET / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_outcomes_move_with_a_version_alone() -> None:
    known, now = Outcomes.model_validate_json(FILE.read_text("utf-8")), outcomes()
    assert not list(moved_without_a_version(known, now)), REMEDY
    assert (known.grouping, known.coverage) == (now.grouping, now.coverage), REMEDY


@pytest.mark.parametrize(
    ("module", "name", "value", "moved"),
    [(grouping, "STEPS", 1, "the topics"), (coverage, "UNMARKED", 0.5, "what articles answer")],
)
def test_a_changed_constant_is_seen(
    module: Any, name: str, value: float, moved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, value)
    assert moved in moved_without_a_version(Outcomes.model_validate_json(FILE.read_text("utf-8")), outcomes())


if __name__ == "__main__":
    now = outcomes()
    moved = FILE.exists() and list(moved_without_a_version(Outcomes.model_validate_json(FILE.read_text("utf-8")), now))
    if moved:
        sys.exit(f"{' and '.join(moved)} moved: raise the version in flows/questions/versions.py first")
    FILE.write_text(now.model_dump_json(indent=1) + "\n", "utf-8")
