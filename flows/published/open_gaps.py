"""The open gaps of an account with a shopper's own words, and what articles that closed a topic have changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from contract import HANDED_OFF
from flows.ground.sql import literal
from flows.published.figures import has_status
from flows.published.filters import one_of
from flows.published.gap_topic import Closure
from flows.published.gaps import AskedAccount, AskedTopic, asked_accounts, asked_topics, is_open, standing, visible
from flows.warehouses.reader import Reader

QUESTION = 300  # characters
QUESTIONS = """
select topic_id, {question} from metrics.knowledge_gap_topics
where account_id = {account} and topic_id {among}
"""
ASKED = """
from metrics.knowledge_gap_questions as questions
inner join metrics.conversations
    on conversations.account_id = questions.account_id and conversations.conversation_id = questions.conversation_id
where questions.account_id = {account} and {asked} and {channels}
"""
COUNTS = """
select questions.topic_id, count(*),
    count(distinct conversations.profile_id)
        + count(distinct conversations.conversation_id) filter (where conversations.profile_id is null),
    count(distinct conversations.conversation_id),
    count(distinct conversations.conversation_id) filter (where {handed_off}), {unanswered}
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
class Asked:
    """Questions of a topic in a range, the people and conversations that asked them, and those of these conversations
    that were handed off, and that have such a question without an answer: None of a version that did not tell.

    `people` are profiles, and conversations of nobody known.
    """

    questions: int
    people: int
    conversations: int
    handed_off: int
    unanswered: int | None


@dataclass(frozen=True)
class OpenGap:
    """A topic that no article answers, and what was asked of it in the range; `question` stands for it, None where this
    reader may not see it.
    """

    topic: AskedTopic
    question: str | None
    asked: Asked


@dataclass(frozen=True)
class ClosedTopic:
    """A topic, and what changed when an article came to cover it."""

    topic_id: str
    label: str | None
    closure: Closure


def open_gaps(
    reader: Reader,
    account: str,
    limit: int,
    *,
    first: date | None = None,
    last: date | None = None,
    channels: tuple[str, ...] = (),
) -> tuple[AskedAccount, tuple[OpenGap, ...]]:
    """The costliest open gaps of all time (rule 8.6), without those that nobody asked about on the local dates `first`
    to `last`, both included, on these channels, and how much was asked in all. Raises InputError before topics are
    published.
    """
    publication = standing(reader)
    (of,) = asked_accounts(reader, account)
    asked = ASKED.format(
        account=literal(account),
        asked=of.on_dates("questions.asked_at", first, last),
        channels=f"conversations.channel in {one_of(channels)}" if channels else "true",
    )
    condition = f"{is_open(reader)} and account_id = {literal(account)} and topic_id in (select topic_id {asked})"
    topics = asked_topics(reader, publication, (of,), condition, limit)
    if not topics:
        return of, ()
    among = f"in {one_of(tuple(one.topic_id for one in topics))}"
    text = f"substr(representative_question, 1, {QUESTION})"
    question = visible(reader, "knowledge_gap_topics", "representative_question", text)
    texts = dict(reader.rows(QUESTIONS.format(question=question, account=literal(account), among=among)))
    handed_off = " or ".join(has_status(one, column="conversations.status") for one in HANDED_OFF)
    told = "count(distinct case when questions.is_unanswered then conversations.conversation_id end)"
    is_told = reader.sees("metrics.knowledge_gap_questions", "is_unanswered")
    counts = COUNTS.format(handed_off=handed_off, unanswered=told if is_told else "cast(null as bigint)")
    rows = reader.rows(f"{counts} {asked} and questions.topic_id {among} group by questions.topic_id")
    found = {topic_id: Asked(*counted) for topic_id, *counted in rows}
    return of, tuple(OpenGap(one, texts.get(one.topic_id), found[one.topic_id]) for one in topics)


def closed_topics(reader: Reader, account: str, limit: int) -> tuple[ClosedTopic, ...]:
    """Topics that an article came to cover and that were asked about before and since, the newest first."""
    label = visible(reader, "knowledge_gap_topics", "label", "topics.label")
    rows = reader.rows(CLOSURES.format(account=literal(account), label=label, limit=literal(limit)))
    return tuple(ClosedTopic(topic, name, Closure(*rest)) for topic, name, *rest in rows)
