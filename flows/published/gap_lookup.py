"""Finds a topic by its id, by the beginning of its id or by its label; says what became of one that is no more."""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.gaps import AskedAccount, AskedTopic, asked_accounts, asked_topics, standing, visible
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
    """The topic and its account: `topic_id` is its id, or the beginning or the label that it alone has.

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
    label = visible(reader, "knowledge_gap_topics", "label", "label")
    rows = reader.rows(f"select account_id, topic_id, {label} from metrics.knowledge_gap_topics where {of_account}")
    begun = sorted({(of, one) for of, one, _ in rows if topic_id and _begins(one, topic_id)})
    named = sorted({(of, one) for of, one, label in rows if label and topic_id and _same(label, topic_id)})
    for matches in (begun, named):
        if len(matches) == 1:
            of, only = matches[0]
            return find_topic(reader, only, of)
    if named:
        what = f"several topics are called {topic_id!r}"
        which = ", ".join(f"{one} of {of}" for of, one in named[:MOST_NEAR])
        raise InputError(what, remedy=f"name one by its id, and its account with --account: {which}")
    ids = sorted({one for _, one, _ in rows})
    near = [one for _, one in begun][:MOST_NEAR] or get_close_matches(topic_id, ids, n=MOST_NEAR, cutoff=NEAR)
    remedy = (
        f"near it are: {', '.join(near)}" if near else "`agent-metrics topics list --all` shows those that there are"
    )
    raise InputError(f"there is no topic {topic_id!r}", remedy=remedy)


def _begins(topic_id: str, begin: str) -> bool:
    return topic_id.startswith(begin) or topic_id.removeprefix("topic-").startswith(begin)


def _same(label: str, given: str) -> bool:
    return " ".join(label.split()).casefold() == " ".join(given.split()).casefold()


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
