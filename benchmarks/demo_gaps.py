"""How many gaps of the demo are true ones, by what its generator knows.

    python benchmarks/demo_gaps.py HOME

HOME is one that `agent-metrics demo` made. The shop is made once more, and of every message of a shopper it is noted
what it asks about. A topic is about what most of its questions are about; it is truly a gap where the agent has no
answer to that (`Intent.is_gap`). Prints a document of JSON by account.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import duckdb  # noqa: E402

from flows.demo import write_shop  # noqa: E402
from flows.demo.thread import INTENTS, Thread  # noqa: E402

TRUE = {intent.name for intent in INTENTS if intent.is_gap}
TOP = 20
QUESTIONS = """
select questions.account_id, questions.topic_id, questions.message_id
from metrics.knowledge_gap_questions as questions where questions.topic_id is not null"""
TOPICS = """
select account_id, topic_id, label, is_gap, question_count from metrics.knowledge_gap_topics
order by account_id, handed_off_conversation_count desc, topic_id"""


def asked_about() -> dict[tuple[str, str], str]:
    """By account and message: the section of the demo's texts that the shopper speaks from."""
    found: dict[tuple[str, str], str] = {}
    plain = Thread.visitor

    def visitor(self: Thread, section: str, text: str | None = None, *, is_first: bool = False) -> None:
        plain(self, section, text, is_first=is_first)
        found[self.shop.account_id, self.shop.tables["messages"][-1]["message_id"]] = section

    Thread.visitor = visitor  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as folder:
            write_shop(Path(folder))
    finally:
        Thread.visitor = plain  # type: ignore[method-assign]
    return found


def judged(home: Path) -> dict[str, Any]:
    """By account: topics, gaps that are said and those that are true, and what the first of the list are about."""
    sections = asked_about()
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        questions, topics = connection.sql(QUESTIONS).fetchall(), connection.sql(TOPICS).fetchall()
    about: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for account, topic, message in questions:
        about[account, topic][sections.get((account, message), "")] += 1
    document: dict[str, Any] = {}
    for account in sorted({row[0] for row in topics}):
        rows = [(row, about[account, row[1]].most_common(1)[0][0]) for row in topics if row[0] == account]
        said = [(row, section) for row, section in rows if row[3]]
        true = [row for row, section in rows if section in TRUE]
        hits = sum(section in TRUE for _, section in said)
        document[account] = {
            "topics": len(rows),
            "true_gaps": len(true),
            "said_gaps": len(said),
            "precision": round(hits / len(said), 3) if said else None,
            "recall": round(hits / len(true), 3) if true else None,
            "true_of_the_first": sum(section in TRUE for _, section in said[:TOP]),
            "about": dict(Counter(section for _, section in said).most_common()),
            "first": [[row[2], section] for row, section in said[:TOP]],
        }
    return document


if __name__ == "__main__":
    print(json.dumps(judged(Path(sys.argv[1])), indent=1, ensure_ascii=False))
