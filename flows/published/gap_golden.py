"""Golden questions: what the agent is to be asked once the article of a gap is there, and what is expected then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.gap_draft import masked
from flows.published.gap_wordings import without_names
from flows.published.gaps import Gaps
from flows.warehouses.reader import Reader

LONGEST = 300  # characters of a question
QUESTIONS = """
select account_id, topic_id, substr(representative_question, 1, {longest}) from metrics.knowledge_gap_topics
where (account_id, topic_id) in ({topics})
"""


@dataclass(frozen=True)
class GoldenQuestion:
    """A question of a topic in a shopper's words. `article_id` is the article that the answer is to stand on, None
    while none covers the topic.
    """

    account: str
    topic_id: str
    question: str
    article_id: str | None

    def to_json_dict(self) -> dict[str, Any]:
        values = asdict(self)
        expected = {"is_answered": True, "is_handed_off": False, "article_id": values.pop("article_id")}
        return {**values, "expected": expected}


def golden_questions(reader: Reader, found: Gaps) -> Iterator[GoldenQuestion]:
    """One for each topic, in their order. Raises InputError for readers who may not see texts."""
    if not reader.sees("metrics.knowledge_gap_topics", "representative_question"):
        what = "golden questions are words of shoppers, and this reader may not see them"
        raise InputError(what, remedy="ask with a role that reads texts")
    if not found.topics:
        return
    topics = ", ".join(f"({literal(one.account)}, {literal(one.topic_id)})" for one in found.topics)
    rows = reader.rows(QUESTIONS.format(longest=LONGEST, topics=topics))
    asked = {(account, topic): question for account, topic, question in rows}
    for one in found.topics:
        question = masked(without_names(asked[one.account, one.topic_id] or "", ()))
        article = None if one.is_open or one.nearest is None else one.best_article_id
        yield GoldenQuestion(one.account, one.topic_id, question, article)
