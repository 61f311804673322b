"""One topic of shoppers' questions: who asks, how it ends for them, what answers it, and what it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flows.ground.clock import utc_text
from flows.ground.sql import literal
from flows.published.figures import STATUSES, by_status, only_measured
from flows.published.gap_lookup import find_topic
from flows.published.gaps import AskedAccount, AskedTopic, data_up_to, visible
from flows.published.measured import not_measured
from flows.published.turns import Asked, stands_alone, turns_before
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

WEEK = timedelta(days=7)
WEEKS = 8
TEXT = 300  # characters of a message
ANSWERS = 0.5

ENDINGS = f"""
select {by_status()}
from metrics.conversations
where account_id = {{account}} and conversation_id in (
    select conversation_id from metrics.knowledge_gap_questions where account_id = {{account}} and topic_id = {{topic}}
)
"""
JUDGED = """
select
    sum(case when topic_id = {topic} then judged_conversation_count end),
    sum(case when topic_id = {topic} then judged_unanswered_count end),
    cast(sum(judged_unanswered_count) as double precision) / nullif(sum(judged_conversation_count), 0)
from metrics.knowledge_gap_topics where account_id = {account}
"""
SALES = """
select coalesce(sum(revenue), 0), count(distinct order_id)
from metrics.attributed_order_lines
where account_id = {account} and touch_type is distinct from 'inferred' and conversation_id in (
    select conversation_id from metrics.knowledge_gap_questions where account_id = {account} and topic_id = {topic}
)
"""
CONVERSATIONS = """
with ranked as (
    select conversation_id, message_id, asked_at,
        row_number() over (partition by conversation_id order by asked_at desc, message_id desc) as place
    from metrics.knowledge_gap_questions
    where account_id = {account} and topic_id = {topic}
),
newest as (
    select conversation_id, message_id, asked_at from ranked
    where place = 1 order by asked_at desc, conversation_id limit {limit}
),
bought as (
    select conversation_id, sum(revenue) as revenue from metrics.attributed_order_lines
    where account_id = {account} and touch_type is distinct from 'inferred'
        and conversation_id in (select conversation_id from newest)
    group by conversation_id
)
select newest.conversation_id, newest.asked_at, conversations.status, {text}, coalesce(bought.revenue, 0)
from newest
inner join metrics.conversations
    on conversations.account_id = {account} and conversations.conversation_id = newest.conversation_id
left join metrics.messages on messages.account_id = {account} and messages.message_id = newest.message_id
left join bought on bought.conversation_id = newest.conversation_id
order by newest.asked_at desc, newest.conversation_id
"""
CLOSURES = """
select closures.article_id, articles.title, conversations_before, handed_off_before, handoff_rate_before,
    conversations_after, handed_off_after, handoff_rate_after, handoff_rate_change, change_low, change_high,
    closed_at, reopened_at
from metrics.knowledge_gap_closures as closures
left join metrics.articles
    on articles.account_id = closures.account_id and articles.article_id = closures.article_id
where closures.account_id = {account} and closures.topic_id = {topic}
order by closed_at
"""
CHANGES = """
select topic_id, other_topic_id, change, changed_at from metrics.knowledge_gap_topic_changes
where account_id = {account} and (topic_id = {topic} or other_topic_id = {topic})
order by changed_at, change_id
"""


@dataclass(frozen=True)
class Closure:
    """An article that came to cover the topic, and hand-offs before and after (rule 8.3); None where nobody asked."""

    article_id: str
    article_title: str | None
    conversations_before: int
    handed_off_before: int
    handoff_rate_before: float | None
    conversations_after: int
    handed_off_after: int
    handoff_rate_after: float | None
    handoff_rate_change: float | None
    change_low: float | None
    change_high: float | None
    closed_at: datetime
    reopened_at: datetime | None

    def to_json_dict(self) -> dict[str, Any]:
        instants = {name: utc_text(getattr(self, name)) for name in ("closed_at", "reopened_at")}
        return {**asdict(self), **instants}


@dataclass(frozen=True)
class PublishedTopicChange:
    """A topic that was split, merged or ended (rule 8.2)."""

    topic_id: str
    other_topic_id: str | None
    change: str
    changed_at: datetime

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "changed_at": utc_text(self.changed_at)}


@dataclass(frozen=True)
class AskedConversation:
    """A conversation and its newest question of the topic, None for a limited reader; revenue of attributed lines.

    `turn_before` is what a question that cannot stand alone is read with (rule 8.1), None where it can.
    """

    conversation_id: str
    asked_at: datetime
    status: str
    question: str | None
    turn_before: str | None
    attributed_revenue: Decimal

    def to_json_dict(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "asked_at": utc_text(self.asked_at),
            "attributed_revenue": f"{self.attributed_revenue:.4f}",
        }


@dataclass(frozen=True)
class TopicDetails:
    """All of one topic. `weeks` are the local dates on which spans of seven days end, with their questions, oldest
    first; a status that is not measured (rule 11.1) has None. Of `judged` conversations it is known whether they were
    answered, `unanswered` are those that were not (rule 8.3); `usual_unanswered_share` is that of all topics of the
    account, None where nothing is known.
    """

    publication: Publication
    account: AskedAccount
    topic: AskedTopic
    representative_question: str | None
    statuses: dict[str, int | None]
    judged: int
    unanswered: int
    usual_unanswered_share: float | None
    weeks: tuple[tuple[date, int], ...]
    closures: tuple[Closure, ...]
    changes: tuple[PublishedTopicChange, ...]
    attributed_revenue: Decimal
    attributed_orders: int
    conversations: tuple[AskedConversation, ...]

    @property
    def why(self) -> str:
        """Why the topic is a gap, or none (rule 8.3): one sentence."""
        if self.topic.kind not in (None, "knowledge"):
            return f"Its questions are of the kind {self.topic.kind}: no article is missing."
        went = f"{self.unanswered:,} of {self.judged:,} judged conversations got no answer or were asked again"
        if not self.judged:
            went = "it is not known of any conversation whether it was answered"
        near = "no published article comes near it"
        if self.topic.best_article_id is not None and self.topic.coverage_score >= ANSWERS:
            near = "an article answers it by its text"
        return f"{went[0].upper()}{went[1:]}; {near}."

    def to_json_dict(self) -> dict[str, Any]:
        """Money is text with 4 places in the account's currency, instants are ISO text in UTC."""
        return {
            "publication_id": self.publication.publication_id,
            "as_of": utc_text(self.publication.as_of),
            "data_up_to": utc_text(self.publication.data_up_to),
            "account_name": self.account.name,
            "timezone": self.account.timezone,
            "currency": self.account.currency,
            **self.topic.to_json_dict(),
            "representative_question": self.representative_question,
            "why": self.why,
            "conversations_by_status": self.statuses,
            "judged": self.judged,
            "unanswered": self.unanswered,
            "usual_unanswered_share": self.usual_unanswered_share,
            "weeks": [{"up_to": day.isoformat(), "questions": count} for day, count in self.weeks],
            "closures": [one.to_json_dict() for one in self.closures],
            "changes": [one.to_json_dict() for one in self.changes],
            "attributed_revenue": f"{self.attributed_revenue:.4f}",
            "attributed_orders": self.attributed_orders,
            "conversations": [one.to_json_dict() for one in self.conversations],
        }


def topic_details(reader: Reader, topic_id: str, account: str | None, limit: int) -> TopicDetails:
    """What a warehouse tells about a topic, with its `limit` newest conversations.

    Raises InputError for an unknown account or topic, for a topic that no longer exists, and for an id that several
    accounts have.
    """
    publication, of, topic = find_topic(reader, topic_id, account)
    values = {"account": literal(of.account_id), "topic": literal(topic.topic_id), "limit": literal(limit)}
    ((_, *statuses),) = reader.rows(ENDINGS.format(**values))
    ((judged, unanswered, usual),) = reader.rows(JUDGED.format(**values))
    ((revenue, orders),) = reader.rows(SALES.format(**values))
    text = visible(reader, "messages", "text", f"substr(messages.text, 1, {TEXT})")
    return TopicDetails(
        publication=publication,
        account=of,
        topic=topic,
        representative_question=_representative(reader, values),
        statuses=only_measured(dict(zip(STATUSES, statuses, strict=True)), not_measured(reader, of.account_id)),
        judged=int(judged),
        unanswered=int(unanswered),
        usual_unanswered_share=usual,
        weeks=_weeks(reader, of, publication, values),
        closures=tuple(Closure(*row) for row in reader.rows(CLOSURES.format(**values))),
        changes=tuple(PublishedTopicChange(*row) for row in reader.rows(CHANGES.format(**values))),
        attributed_revenue=Decimal(revenue),
        attributed_orders=orders,
        conversations=_conversations(reader, of, reader.rows(CONVERSATIONS.format(text=text, **values))),
    )


def _conversations(reader: Reader, of: AskedAccount, rows: list[tuple[Any, ...]]) -> tuple[AskedConversation, ...]:
    """Of rows of CONVERSATIONS, each question with the turn that it is read with."""
    asked = [Asked(of.account_id, conversation_id, asked_at, None) for conversation_id, asked_at, *_ in rows]
    unclear = [
        one for one, row in zip(asked, rows, strict=True) if row[3] is not None and not stands_alone(row[3], None)
    ]
    earlier = turns_before(reader, unclear)
    return tuple(
        AskedConversation(conversation_id, asked_at, status, text, _cut(earlier.get(one)), Decimal(bought))
        for one, (conversation_id, asked_at, status, text, bought) in zip(asked, rows, strict=True)
    )


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:TEXT]


def _representative(reader: Reader, values: dict[str, str]) -> str | None:
    if not reader.sees("metrics.knowledge_gap_topics", "representative_question"):
        return None
    ((text,),) = reader.rows(
        "select representative_question from metrics.knowledge_gap_topics"
        f" where account_id = {values['account']} and topic_id = {values['topic']}"
    )
    return None if text is None else str(text)


def _weeks(
    reader: Reader, account: AskedAccount, publication: Publication, values: dict[str, str]
) -> tuple[tuple[date, int], ...]:
    """Questions of the last weeks of 7 × 24 hours: four of them are the 28 days of the trend."""
    ends = [data_up_to(publication) - number * WEEK for number in reversed(range(WEEKS))]
    counts = ", ".join(
        f"count(*) filter (where asked_at > {literal(end - WEEK)} and asked_at <= {literal(end)})" for end in ends
    )
    (row,) = reader.rows(
        f"select {counts} from metrics.knowledge_gap_questions"
        f" where account_id = {values['account']} and topic_id = {values['topic']}"
    )
    return tuple((account.day_of(end), count) for end, count in zip(ends, row, strict=True))
