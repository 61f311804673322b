"""Words looked for in whole threads, whatever their case and accents, and where in a thread they stand."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.wording import pattern
from flows.warehouses.reader import Reader

TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
QUOTES = dict.fromkeys(map(ord, "\u201c\u201d\u201e\u00ab\u00bb"), '"')
BLANKS = "[ \t\n\r\f\u00a0\u202f]+"
BEFORE, AFTER = 60, 140  # characters of a piece around the place
LOOKED_AT = 100_000  # characters of a message
# One look at the messages of the range, however many terms: the join goes before the patterns.
SAID = """
select messages.conversation_id from metrics.messages
inner join metrics.conversations as among
    on among.account_id = messages.account_id and among.conversation_id = messages.conversation_id
where among.account_id = {account} and among.started_on between {first} and {last}
group by messages.conversation_id
having {all_said}
"""
FIRST_SAID = """
select conversation_id, message_id, said from (
    select conversation_id, message_id, substr(text, 1, {most}) as said,
        row_number() over (partition by conversation_id order by position) as place
    from metrics.messages
    where account_id = {account} and conversation_id in ({conversations}) and ({any_said})
) as matching
where place = 1
"""


@dataclass(frozen=True)
class Found:
    """The first message of a conversation in which a term stands, and a piece of its text around the first of them.

    `start` and `end` are places in the piece; both are 0 where the term stands after the first 100,000 characters.
    """

    message_id: str
    piece: str
    start: int
    end: int


def terms(words: str) -> tuple[str, ...]:
    """What is looked for, as patterns: each word, and each phrase in quotes, whose blanks are any blanks."""
    found = (_pattern((phrase or word).split()) for phrase, word in TERM.findall(words.translate(QUOTES)))
    return tuple(dict.fromkeys(filter(None, found)))


def _pattern(words: Sequence[str]) -> str:
    """Of words that follow each other, a blank between two; empty where nothing is left of them without accents."""
    last = len(words) - 1
    found = (pattern(one, is_bare=True, begins=at == 0, ends=at == last) for at, one in enumerate(words))
    return BLANKS.join(filter(None, found))


def said(reader: Reader, account: PublishedAccount, first: date, last: date, words: str) -> str:
    """SQL: the conversations that started on these local dates and in whose messages all of the terms stand, each in
    any of them. Raises InputError for a reader who may not see texts.
    """
    if not reader.sees("metrics.messages", "text"):
        what = "texts of messages are withheld from this reader, so nothing can be looked for in them"
        raise InputError(what, where="words", remedy="leave the words out, or read as a reader who may see texts")
    return SAID.format(
        account=literal(account.account_id),
        first=literal(first),
        last=literal(last),
        all_said=" and ".join(f"bool_or({_says('messages.text', one)})" for one in terms(words)),
    )


def found(reader: Reader, account: PublishedAccount, conversation_ids: Collection[str], words: str) -> dict[str, Found]:
    """By conversation, where the terms stand first; for a page of conversations that `said` has found."""
    wanted = terms(words)
    if not wanted or not conversation_ids or not reader.sees("metrics.messages", "text"):
        return {}
    query = FIRST_SAID.format(
        account=literal(account.account_id),
        conversations=", ".join(map(literal, sorted(conversation_ids))),
        any_said=" or ".join(_says("text", one) for one in wanted),
        most=literal(LOOKED_AT),
    )
    place = re.compile("|".join(wanted))
    return {conversation: _cut(message_id, text, place) for conversation, message_id, text in reader.rows(query)}


def _says(column: str, term: str) -> str:
    return f"{column} ~ {literal(f'(?s).*{term}.*')}"


def _cut(message_id: str, text: str, place: re.Pattern[str]) -> Found:
    begins, ends = at.span() if (at := place.search(text)) else (0, 0)
    start = max(0, begins - BEFORE)
    return Found(message_id, text[start : ends + AFTER], begins - start, ends - start)
