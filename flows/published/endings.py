"""How often each skill was used, and how the conversations with it ended (rules 6.4 and 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.figures import STATUSES, by_status
from flows.published.filters import one_of
from flows.warehouses.reader import Reader

ENDINGS = f"""
with used as (
    select messages.skill, messages.conversation_id, count(*) as messages
    from metrics.messages
    where messages.account_id = {{account}} and messages.sender = 'agent' and messages.skill is not null
        and {{on_dates}}
    group by messages.skill, messages.conversation_id
),
ended as (
    select used.skill, sum(used.messages) as messages,
        {by_status(status="conversations.status")}
    from used
    left join metrics.conversations
        on conversations.account_id = {{account}} and conversations.conversation_id = used.conversation_id
    where {{channels}}
    group by used.skill
)
select skills.skill, skills.label, skills.is_available, coalesce(ended.messages, 0) as messages,
    {", ".join(f"coalesce(ended.{one}, 0)" for one in ("volume", *STATUSES))}
from metrics.skills
left join ended on ended.skill = skills.skill
where skills.account_id = {{account}} and (skills.is_available or ended.messages > 0)
order by messages desc, skills.skill
"""


@dataclass(frozen=True)
class SkillEnding:
    """Agent messages with the skill, the conversations in which they stand, and those by their status as of now."""

    skill: str
    label: str
    is_available: bool
    messages: int
    conversations: int
    resolved: int
    routed: int
    closed: int
    open: int


def skill_endings(
    reader: Reader, account: PublishedAccount, first: date, last: date, channels: tuple[str, ...] = ()
) -> tuple[SkillEnding, ...]:
    """Every available skill, and those used in messages of these local dates, the most used first, ties by name."""
    query = ENDINGS.format(
        account=literal(account.account_id),
        on_dates=account.on_dates("messages.sent_at", first, last),
        channels=f"conversations.channel in {one_of(channels)}" if channels else "true",
    )
    return tuple(SkillEnding(*row[:3], *map(int, row[3:])) for row in reader.rows(query))
