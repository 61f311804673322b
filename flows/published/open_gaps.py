"""The open gaps of an account with a shopper's own words, and what articles that closed a topic have changed."""

from __future__ import annotations

from dataclasses import dataclass

from flows.ground.sql import literal
from flows.published.gap_topic import Closure
from flows.published.gaps import AskedAccount, AskedTopic, gaps, visible
from flows.warehouses.reader import Reader

QUESTION = 300  # characters
QUESTIONS = """
select topic_id, {question} from metrics.knowledge_gap_topics
where account_id = {account} and topic_id in ({topics})
"""
CLOSURES = """
select closures.topic_id, {label}, closures.article_id, articles.title, conversations_before, handed_off_before,
    handoff_rate_before, conversations_after, handed_off_after, handoff_rate_after, handoff_rate_change, change_low,
    change_high, closed_at, reopened_at
from metrics.knowledge_gap_closures as closures
left join metrics.knowledge_gap_topics as topics
    on topics.account_id = closures.account_id and topics.topic_id = closures.topic_id
left join metrics.articles
    on articles.account_id = closures.account_id and articles.article_id = closures.article_id
where closures.account_id = {account} and closures.conversations_before > 0 and closures.conversations_after > 0
order by closures.closed_at desc, closures.topic_id
limit {limit}
"""


@dataclass(frozen=True)
class OpenGap:
    """A topic that no article answers; `question` stands for it, None where this reader may not see it."""

    topic: AskedTopic
    question: str | None


@dataclass(frozen=True)
class ClosedTopic:
    """A topic, and what changed when an article came to cover it."""

    topic_id: str
    label: str | None
    closure: Closure


def open_gaps(reader: Reader, account: str, limit: int) -> tuple[AskedAccount, tuple[OpenGap, ...]]:
    """The costliest open gaps, and how much was asked in all. Raises InputError before topics are published."""
    found = gaps(reader, account, is_all=False, limit=limit)
    if not found.topics:
        return found.accounts[0], ()
    text = f"substr(representative_question, 1, {QUESTION})"
    question = visible(reader, "knowledge_gap_topics", "representative_question", text)
    topics = ", ".join(literal(one.topic_id) for one in found.topics)
    asked = dict(reader.rows(QUESTIONS.format(question=question, account=literal(account), topics=topics)))
    return found.accounts[0], tuple(OpenGap(one, asked.get(one.topic_id)) for one in found.topics)


def closed_topics(reader: Reader, account: str, limit: int) -> tuple[ClosedTopic, ...]:
    """Topics that an article came to cover and that were asked about before and since, the newest first."""
    label = visible(reader, "knowledge_gap_topics", "label", "topics.label")
    rows = reader.rows(CLOSURES.format(account=literal(account), label=label, limit=literal(limit)))
    return tuple(ClosedTopic(topic, name, Closure(*rest)) for topic, name, *rest in rows)
