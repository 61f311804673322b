"""The turn that a question is read with, where it cannot stand alone (rule 8.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from flows.ground.sql import literal
from flows.published.gap_draft import READ, shown
from flows.questions import context, wording
from flows.warehouses.reader import Reader

BEFORE = """
select asked.account_id, asked.conversation_id, asked.asked_at, substr(messages.text, 1, {read})
from metrics.knowledge_gap_questions as asked
inner join metrics.messages
    on messages.account_id = asked.account_id and messages.message_id = asked.message_id
where asked.kind <> 'other' and messages.text is not null
    and (asked.account_id, asked.conversation_id) in ({conversations})
order by asked.account_id, asked.conversation_id, asked.asked_at, asked.message_id
"""


class Asked(NamedTuple):
    """A question: where and when it was asked, and the name of its shopper, which is no matter of it."""

    account: str
    conversation_id: str
    asked_at: datetime
    name: str | None


def turns_before(reader: Reader, questions: Iterable[Asked]) -> dict[Asked, str]:
    """The turn that each of these is read with, where there is one; of none for a reader who may not see texts, and
    where a version published that knew no kinds of questions.
    """
    asked = list(questions)
    may_see = reader.sees("metrics.messages", "text") and reader.sees("metrics.knowledge_gap_questions", "kind")
    if not asked or not may_see:
        return {}
    conversations = ", ".join(f"({literal(one.account)}, {literal(one.conversation_id)})" for one in asked)
    said: dict[tuple[str, str], list[tuple[datetime, str]]] = defaultdict(list)
    for account, conversation, at, text in reader.rows(BEFORE.format(read=READ, conversations=conversations)):
        said[account, conversation].append((at, text))
    found: dict[Asked, str] = {}
    for one in asked:
        before = (text for at, text in reversed(said[one.account, one.conversation_id]) if at < one.asked_at)
        if turn := next((text for text in before if stands_alone(text, one.name)), None):
            found[one] = turn
    return found


def stands_alone(text: str, name: str | None) -> bool:
    """Whether a question, without what may name a person, can stand alone."""
    return not context.follows_up_of(wording.folded(shown(text, [name])))
