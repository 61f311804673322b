"""Finds a topic by its id, and says what became of a topic that no longer exists."""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.gaps import AskedAccount, AskedTopic, asked_accounts, asked_topics, standing
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

MOST_ACCOUNTS = 10
MOST_NEAR = 3
NEAR = 0.8  # of difflib; two ids that have nothing to do with each other share their first word, and stay below

GONE = """
select account_id, other_topic_id, changed_at from metrics.knowledge_gap_topic_changes
where topic_id = {topic} and change in ('merged', 'ended') and {condition}
order by changed_at desc, change_id limit 1
"""


def find_topic(reader: Reader, topic_id: str, account: str | None) -> tuple[Publication, AskedAccount, AskedTopic]:
    """The topic of this id and its account.

    Raises InputError for an unknown account or topic, for a topic that no longer exists, and for an id that several
    accounts have.
    """
    publication = standing(reader)
    accounts = {one.account_id: one for one in asked_accounts(reader, account)}
    of_account = "true" if account is None else f"account_id = {literal(account)}"
    condition = f"{of_account} and topic_id = {literal(topic_id)}"
    found = asked_topics(reader, publication, tuple(accounts.values()), condition, MOST_ACCOUNTS)
    if len(found) == 1:
        return publication, accounts[found[0].account], found[0]
    if found:
        names = ", ".join(sorted(one.account for one in found))
        what = f"several accounts have a topic {topic_id!r}: {names}"
        raise InputError(what, remedy="name the account with --account")
    _raise_gone(reader, accounts, topic_id, of_account)
    ids = [row for (row,) in reader.rows(f"select topic_id from metrics.knowledge_gap_topics where {of_account}")]
    begun = sorted(one for one in ids if topic_id and one.removeprefix("topic-").startswith(topic_id))
    near = begun[:MOST_NEAR] or get_close_matches(topic_id, ids, n=MOST_NEAR, cutoff=NEAR)
    remedy = (
        f"near it are: {', '.join(near)}" if near else "`agent-metrics topics list --all` shows those that there are"
    )
    raise InputError(f"there is no topic {topic_id!r}", remedy=remedy)


def _raise_gone(reader: Reader, accounts: dict[str, AskedAccount], topic_id: str, condition: str) -> None:
    """Raises InputError for a topic that went into another or ended, however often that one went on."""
    last, seen = topic_id, {topic_id}
    day: object = None
    while rows := reader.rows(GONE.format(topic=literal(last), condition=condition)):
        account, into, changed_at = rows[0]
        day = _day(accounts, account, changed_at)
        condition = f"account_id = {literal(account)}"
        if into is None:
            what = f"topic {topic_id!r} ended on {day}: its questions are in no topic any more"
            raise InputError(what, remedy="`agent-metrics topics list` shows those that there are")
        if into in seen:
            break
        last = into
        seen.add(into)
    if day is not None:
        what = f"topic {topic_id!r} went into {last!r}, on {day}"
        raise InputError(what, remedy=f"`agent-metrics topics show {last}` shows that topic")


def _day(accounts: dict[str, AskedAccount], account: str, instant: datetime) -> object:
    return accounts[account].day_of(instant) if account in accounts else instant.date()
