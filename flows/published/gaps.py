"""Topics of shoppers' questions, ranked by what closing them would win, from the published tables (chapter 8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount, of_id
from flows.warehouses.publication import Publication, newest_publication
from flows.warehouses.reader import Reader

PERIOD = timedelta(days=28)
# On both sets of benchmarks/topics the nearest article was the right one for 12 of 53 topics below this score, and for
# 57 of 70 from it on.
NEAR_ENOUGH = 0.5
NONE_NEAR, NO_ARTICLE = "none near", "no article"
# Columns of rules 8.5 and 8.6, which a publication of an earlier version does not have.
WORK = {
    "state": "varchar", "owner": "varchar", "note": "varchar", "decided_at": "timestamptz", "like_topic_id": "varchar",
    "unanswered_conversation_count": "bigint", "unanswered_share_low": "double", "unanswered_share_high": "double",
    "sales_at_stake": "decimal(18, 4)", "sales_at_stake_low": "decimal(18, 4)",
    "sales_at_stake_high": "decimal(18, 4)",
}  # fmt: skip
OPEN = ("open", "assigned")  # states of open gaps (rule 8.5)
Kind = Literal["knowledge", "product", "order", "person", "complaint", "other"]  # rule 8.4

# A warehouse that was published by an earlier version has no such table.
HAS_TOPICS = """
select count(*) from information_schema.tables
where table_schema = 'metrics' and table_name = 'knowledge_gap_totals'
"""
ACCOUNTS = """
with published as (
    select account_id, count(*) as articles from metrics.articles where is_published group by account_id
),
worked_on as (
    select account_id, count(*) filter (where {is_open}) as open_gaps,
        count(*) filter (where is_gap and {state} = 'dismissed') as dismissed_gaps
    from metrics.knowledge_gap_topics group by account_id
)
select accounts.account_id, accounts.name, accounts.timezone, accounts.currency,
    coalesce(totals.question_count, 0), {ungrouped},
    coalesce(totals.unassigned_question_count, 0), totals.unassigned_share,
    coalesce(totals.topic_count, 0), coalesce(totals.gap_count, 0), coalesce(worked_on.open_gaps, 0),
    coalesce(worked_on.dismissed_gaps, 0), coalesce(published.articles, 0)
from metrics.accounts
left join metrics.knowledge_gap_totals as totals on totals.account_id = accounts.account_id
left join worked_on on worked_on.account_id = accounts.account_id
left join published on published.account_id = accounts.account_id
order by accounts.account_id
"""
# The unanswered conversations that are sure rank (rule 8.6), of an earlier version hand-offs.
SURE = "conversation_count * unanswered_share_low"
SURE_BEFORE = "handed_off_conversation_count"
TOPICS = """
with ranked as (
    select account_id, topic_id, {label} as label, question_count, conversation_count, handed_off_conversation_count,
        first_asked_at, last_asked_at, best_article_id, coverage_score, is_gap, {kind} as kind,
        {work},
        row_number() over (order by {sure} desc, topic_id, account_id) as place
    from metrics.knowledge_gap_topics
    where {condition}
),
shown as (
    select * from ranked where place <= {limit}
),
asked as (
    select questions.account_id, questions.topic_id,
        count(distinct conversations.profile_id)
            + count(distinct conversations.conversation_id) filter (where conversations.profile_id is null) as people,
        count(*) filter (where questions.asked_at > {recent}) as recent,
        count(*) filter (where questions.asked_at > {earlier} and questions.asked_at <= {recent}) as earlier
    from shown
    inner join metrics.knowledge_gap_questions as questions
        on questions.account_id = shown.account_id and questions.topic_id = shown.topic_id
    inner join metrics.conversations
        on conversations.account_id = questions.account_id
        and conversations.conversation_id = questions.conversation_id
    group by questions.account_id, questions.topic_id
)
select shown.account_id, shown.topic_id, shown.label, coalesce(asked.people, 0), shown.question_count,
    shown.conversation_count, shown.handed_off_conversation_count, coalesce(asked.recent, 0),
    coalesce(asked.earlier, 0), shown.first_asked_at, shown.last_asked_at, shown.best_article_id, articles.title,
    shown.coverage_score, shown.is_gap, shown.kind, {shown}
from shown
left join asked on asked.account_id = shown.account_id and asked.topic_id = shown.topic_id
left join metrics.articles
    on articles.account_id = shown.account_id and articles.article_id = shown.best_article_id
order by shown.place
"""


@dataclass(frozen=True)
class AskedAccount(PublishedAccount):
    """An account and what it was asked; `unassigned_share` is None where nobody asked (rule 8.2).

    `open_gap_count` topics are open gaps, `dismissed_gap_count` gaps are dismissed (rule 8.5).
    """

    question_count: int
    ungrouped_question_count: int
    unassigned_question_count: int
    unassigned_share: float | None
    topic_count: int
    gap_count: int
    open_gap_count: int
    dismissed_gap_count: int
    published_articles: int

    def to_json_dict(self) -> dict[str, Any]:
        values = asdict(self)
        return {"account": values.pop("account_id"), "account_name": values.pop("name"), **values}


@dataclass(frozen=True)
class AskedTopic:
    """One topic. `people` are profiles, and conversations of nobody known; `label` is None for a limited reader, `kind`
    where a version published that knew no kinds.

    `questions_last_28_days` end with the publication's data, `questions_28_days_before` where those begin. `state` and
    what follows it are those of rule 8.5; None of a publication from before there was such work, owner and note for a
    limited reader, too.
    """

    account: str
    topic_id: str
    label: str | None
    people: int
    question_count: int
    conversation_count: int
    handed_off_conversation_count: int
    questions_last_28_days: int
    questions_28_days_before: int
    first_asked_at: datetime
    last_asked_at: datetime
    best_article_id: str | None
    best_article_title: str | None
    coverage_score: float
    is_gap: bool
    kind: str | None
    state: str | None
    owner: str | None
    note: str | None
    decided_at: datetime | None
    like_topic_id: str | None
    unanswered: int | None
    unanswered_share_low: float | None
    unanswered_share_high: float | None
    sales_at_stake: Decimal | None
    sales_at_stake_low: Decimal | None
    sales_at_stake_high: Decimal | None
    last_asked_on: date

    @property
    def is_open(self) -> bool:
        """Whether it is an open gap (rule 8.5), as the SQL of `is_open` says it."""
        return (self.state or ("open" if self.is_gap else None)) in OPEN

    @property
    def is_put_back(self) -> bool:
        """Whether only what a person decided makes it an open gap."""
        return self.is_open and not self.is_gap

    @property
    def unanswered_share(self) -> float | None:
        """The share of its conversations that went unanswered, of which there is an interval (rule 8.6)."""
        return None if self.unanswered is None else self.unanswered / self.conversation_count

    @property
    def nearest(self) -> str | None:
        """The article that is near enough to be told of, by its title; None where there is none."""
        if self.coverage_score < NEAR_ENOUGH:
            return None
        return self.best_article_title or self.best_article_id

    @property
    def nearest_or_why(self) -> str:
        """The article that is near enough, or whether none of the articles is, or there is none to compare."""
        return self.nearest or (NONE_NEAR if self.best_article_id is not None else NO_ARTICLE)

    @property
    def rests_on(self) -> str:
        """What the rank of the topic rests on: one sentence part."""
        of, handed_off = self.conversation_count, self.handed_off_conversation_count
        nearest = self.nearest_or_why
        if self.unanswered is None:
            return f"{handed_off:,} of {of:,} handed off; nearest article: {nearest}"
        return f"{self.unanswered:,} of {of:,} unanswered, {handed_off:,} handed off; nearest article: {nearest}"

    @property
    def trend(self) -> float | None:
        """How much the last 28 days are above those before, 0.5 for half more; None where nobody asked before."""
        before = self.questions_28_days_before
        return self.questions_last_28_days / before - 1 if before else None

    def to_json_dict(self) -> dict[str, Any]:
        instants = {name: utc_text(getattr(self, name)) for name in ("first_asked_at", "last_asked_at")}
        decided_at = utc_text(self.decided_at) if self.decided_at else None
        dates = {"decided_at": decided_at, "last_asked_on": self.last_asked_on.isoformat()}
        values = asdict(self)
        values["unanswered_conversation_count"] = values.pop("unanswered")
        for name in ("sales_at_stake", "sales_at_stake_low", "sales_at_stake_high"):
            values[name] = None if values[name] is None else f"{Decimal(values[name]):.4f}"
        told = {"is_open": self.is_open, "unanswered_share": self.unanswered_share}
        return {**values, **told, **instants, **dates, "trend": self.trend, "rests_on": self.rests_on}


@dataclass(frozen=True)
class Gaps:
    """Accounts by their ids, and topics, the costliest first, of one publication; with `is_all` covered ones too.

    `topic_count` topics were asked for, of which only the first are there.
    """

    publication: Publication
    is_all: bool
    accounts: tuple[AskedAccount, ...]
    topics: tuple[AskedTopic, ...]
    topic_count: int

    def to_json_dict(self) -> dict[str, Any]:
        """Instants are ISO text in UTC, dates those of the account; ratios have full precision."""
        return {
            "publication_id": self.publication.publication_id,
            "as_of": utc_text(self.publication.as_of),
            "data_up_to": utc_text(self.publication.data_up_to),
            "accounts": [one.to_json_dict() for one in self.accounts],
            "topics": [one.to_json_dict() for one in self.topics],
        }


def gaps(
    reader: Reader,
    account: str | None,
    *,
    is_all: bool,
    limit: int,
    kind: Kind | None = None,
    put_back: Iterable[tuple[str, str]] = (),
) -> Gaps:
    """The open gaps, or all topics, or those of a kind: of one account, or of all. `put_back` are topics, each with its
    account, that are open since this publication.

    Raises InputError for an unknown account, before the first publication that has topics, and for a kind before the
    first that has kinds.
    """
    publication = standing(reader)
    ids = ", ".join(f"({literal(of)}, {literal(topic)})" for of, topic in put_back)
    stands_open = f"({is_open(reader)}{f' or (account_id, topic_id) in ({ids})' if ids else ''})"
    accounts = asked_accounts(reader, account, stands_open)
    condition = "true" if is_all else stands_open
    if kind is not None:
        if not reader.sees("metrics.knowledge_gap_topics", "kind"):
            what = "the publication comes from a version that knew no kinds of questions"
            raise InputError(what, remedy="`agent-metrics run` builds and publishes them")
        condition = f"kind = {literal(kind)}"
    if account is not None:
        condition += f" and account_id = {literal(account)}"
    topics = asked_topics(reader, publication, accounts, condition, limit)
    ((count,),) = reader.rows(f"select count(*) from metrics.knowledge_gap_topics where {condition}")
    return Gaps(publication, is_all or kind is not None, accounts, topics, count)


def is_open(reader: Reader) -> str:
    """SQL over topics: an open gap (rule 8.5), which may be one because a person says so."""
    return f"coalesce({_state(reader)}, case when is_gap then 'open' end) in {OPEN}"


def standing(reader: Reader) -> Publication:
    """The publication that is read. Raises InputError where there is none, or one from before there were topics."""
    newest = newest_publication(reader)
    if reader.rows(HAS_TOPICS) == [(0,)]:
        what = "the publication comes from a version that knew no topics"
        raise InputError(what, remedy="`agent-metrics run` builds and publishes them")
    return newest


def asked_accounts(reader: Reader, account: str | None, open_gaps: str | None = None) -> tuple[AskedAccount, ...]:
    """All accounts, or the one, with as many open gaps as topics meet the SQL of `open_gaps`, by default `is_open`.

    Raises InputError where that is no account.
    """
    is_known = reader.sees("metrics.knowledge_gap_totals", "ungrouped_question_count")
    ungrouped = "coalesce(totals.ungrouped_question_count, 0)" if is_known else "0"  # once nothing had to wait
    counted = {"state": _state(reader), "is_open": open_gaps or is_open(reader), "ungrouped": ungrouped}
    rows = reader.rows(ACCOUNTS.format(**counted))
    accounts = tuple(AskedAccount(*row) for row in rows)
    return accounts if account is None else (of_id(accounts, account),)


def asked_topics(
    reader: Reader, publication: Publication, accounts: tuple[AskedAccount, ...], condition: str, limit: int
) -> tuple[AskedTopic, ...]:
    """The first topics by rule 8.6 that meet an SQL condition. They are of `accounts`."""
    by_id = {one.account_id: one for one in accounts}
    until = data_up_to(publication)
    values = {"recent": literal(until - PERIOD), "earlier": literal(until - 2 * PERIOD), "limit": literal(limit)}
    names = {name: visible(reader, "knowledge_gap_topics", name, name) for name in ("label", "kind")}
    work = ", ".join(f"{_seen(reader, name, kind)} as {name}" for name, kind in WORK.items())
    is_counted = reader.sees("metrics.knowledge_gap_topics", "unanswered_share_low")
    values["sure"] = SURE if is_counted else SURE_BEFORE
    values["shown"] = ", ".join(f"shown.{name}" for name in WORK)
    return tuple(
        AskedTopic(*(*row, by_id[row[0]].day_of(row[10])))
        for row in reader.rows(TOPICS.format(condition=condition, work=work, **names, **values))
        if row[0] in by_id
    )


def data_up_to(publication: Publication) -> datetime:
    """The end of what is counted, in UTC."""
    return publication.data_up_to or publication.as_of


def visible(reader: Reader, table: str, column: str, expression: str) -> str:
    """The expression as SQL; null where this reader may not see the column that it reads."""
    return expression if reader.sees(f"metrics.{table}", column) else "cast(null as varchar)"


def _state(reader: Reader) -> str:
    return _seen(reader, "state", "varchar")


def _seen(reader: Reader, column: str, kind: str) -> str:
    """A column of topics as SQL; null where it is not there, or not for this reader."""
    return column if reader.sees("metrics.knowledge_gap_topics", column) else f"cast(null as {kind})"
