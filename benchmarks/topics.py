"""How good topics and gaps are on public sets, and how long many questions take.

    python benchmarks/topics.py [--questions 1000000] [--sets TEXT]

Every set in topics/ is evaluated as `agent-metrics topics evaluate` does: each language of a set alone, pairs of
languages, with the multilingual embedder, and with noise. The figures of the last time, which topics.json has, are
printed beside the new ones. Then that many distinct questions, made
from the sets by moving words, dropping letters and adding names (seeded), are grouped from nothing by one update, as
in a build, and 1,000 new ones come on top by another; memory is the process's peak. Writes topics.json. With --sets
only those are evaluated that have the text in their name, and the rest of topics.json stays.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from taken import taken

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import duckdb  # noqa: E402
import pyarrow as pa  # noqa: E402

from flows.ground.progress import Silent  # noqa: E402
from flows.questions.embedders import DEFAULT, MULTILINGUAL  # noqa: E402
from flows.questions.evaluation import evaluate, read_lines  # noqa: E402
from flows.questions.noise import NOISES, Noise  # noqa: E402
from flows.questions.updating import update  # noqa: E402

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
PAIRS = [["en", "de"], ["en", "nl"], ["en", "pt"], ["de", "nl"], ["es", "pt"]]
IN_LANGUAGES = ("assistant", "home")
MANY = ("banking77", "bitext")  # of which many questions are made
SETS = sorted(file.name.partition(".")[0] for file in (HERE / "topics").glob("*.questions.jsonl.gz"))
THINGS = [
    "phone",
    "lamp",
    "sofa",
    "jacket",
    "dress",
    "boots",
    "card",
    "wallet",
    "bag",
    "scarf",
    "hat",
    "mug",
    "kettle",
    "rug",
    "desk",
    "chair",
    "tent",
]
ADDED = ("please", "today", "really", "my {}", "for the {}", "hello,", "about order {}", "with the {} and the {}")
NEW = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=1_000_000)
    parser.add_argument("--sets", help="a text in the names of what is evaluated")
    asked = parser.parse_args()
    file = HERE / "topics.json"
    document: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {"sets": {}}
    before, now = document["sets"], taken()
    if asked.sets is None:
        document = {"taken": now, "sets": {}}
    for what, (name, embedder, languages, noise) in measured().items():
        if asked.sets and asked.sets not in what:
            continue
        files = _file(name, "questions"), _file(name, "articles")
        found = evaluate(*files, embedder, languages=languages, noise=noise).to_json_dict()
        figures = {key: value and round(value, 3) for key, value in found.items()}
        document["sets"] = {**document["sets"], what: {"commit": now["commit"], **figures}}
        _write(file, document)
        print(what)
        for figure, value in document["sets"][what].items():
            print(f"  {figure:25} {value!s:>8}  before: {before.get(what, {}).get(figure, '–')}")
    if asked.sets is None:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            document["scale"] = {"commit": now["commit"], **pool.apply(scale, (asked.questions,))}
        print(document["scale"])
        _write(file, document)


def _write(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def measured() -> dict[str, tuple[str, str, list[str] | None, Noise | None]]:
    """What is evaluated: the set, the embedder, of which languages, with which noise."""
    found: dict[str, tuple[str, str, list[str] | None, Noise | None]] = {}
    for embedder in (DEFAULT, MULTILINGUAL):
        for name in SETS:
            found[f"{name}, {embedder}"] = (name, embedder, None, None)
        for name in IN_LANGUAGES:
            for languages in [[one] for one in LANGUAGES] + PAIRS:
                found[f"{name} {'+'.join(languages)}, {embedder}"] = (name, embedder, languages, None)
        for noise in NOISES:
            found[f"banking77, {noise}, {embedder}"] = ("banking77", embedder, None, noise)
    return found


def scale(count: int) -> dict[str, Any]:
    """Seconds and memory of grouping `count` questions from nothing, and of placing 1,000 more."""
    texts = _made(count + NEW)
    articles = read_lines(_file(MANY[0], "articles"), {})
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        rows = pa.table({"text": texts})
        connection.register("made", rows)
        connection.execute(
            """create table made_up as
            select 'bench' as account_id, 'c' || row_number() over () as conversation_id, 1 as position, text from
            made"""
        )
        connection.execute("create table articles (account_id text, article_id text, title text, body text)")
        for one in articles:
            values = ["bench", one["article_id"], one["title"], one["body"]]
            connection.execute("insert into articles values (?, ?, ?, ?)", values)
        connection.execute("create view published_articles as from articles")
        connection.execute("create view accounts as select 'bench' as account_id")
        connection.execute(
            "create table topic_decisions (account_id text, topic_id text, state text, decided_at timestamptz)"
        )
        connection.execute("create table titled_products (account_id text, product_id text, title text)")
        connection.execute(f"create view all_asked as from made_up limit {count}")
        connection.execute("create view changed_asked as from all_asked")
        from_nothing = _seconds(Path(folder), connection)
        connection.execute("create or replace view all_asked as from made_up")
        connection.execute(f"create or replace view changed_asked as from made_up limit {NEW} offset {count}")
        more = _seconds(Path(folder), connection)
        connection.execute("update articles set body = body || ' We are glad to help.' where article_id = article_id")
        connection.execute("create or replace view changed_asked as from made_up limit 0")
        tested = _seconds(Path(folder), connection)
    return {
        "questions": count,
        "seconds from nothing": from_nothing,
        f"seconds for {NEW:,} new": more,
        "seconds when all articles changed": tested,
        "peak GiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def _seconds(folder: Path, connection: duckdb.DuckDBPyConnection) -> float:
    started = time.perf_counter()
    update(folder, connection, as_of=datetime.now(UTC), embedder=DEFAULT, regroup=False, progress=Silent())
    return round(time.perf_counter() - started, 1)


def _made(count: int) -> list[str]:
    """That many distinct questions."""
    dice = random.Random(1)
    known = [one["text"] for name in MANY for one in read_lines(_file(name, "questions"), {})]
    made: dict[str, None] = {}
    while len(made) < count:
        words = dice.choice(known).split()
        if dice.random() < 0.5 and len(words) > 3:
            at = dice.randrange(len(words) - 1)
            words[at], words[at + 1] = words[at + 1], words[at]
        if dice.random() < 0.4:
            at = dice.randrange(len(words))
            cut = dice.randrange(len(words[at]))
            words[at] = words[at][:cut] + words[at][cut + 1 :]
        thing, other = dice.choice(THINGS), dice.randrange(10**6)
        words.insert(dice.choice((0, len(words))), dice.choice(ADDED).format(*dice.sample((thing, str(other)), 2)))
        made[" ".join(words)] = None
    return list(made)


def _file(name: str, what: str) -> Path:
    return HERE / "topics" / f"{name}.{what}.jsonl.gz"


if __name__ == "__main__":
    main()
