"""How often each skill was used, and how the conversations with it ended (rules 6.4 and 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.published.figures import OPEN_REASONS, STATUSES, by_status
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
        {by_status(status="conversations.status")},
        {{reasons}}
    from used
    left join metrics.conversations
        on conversations.account_id = {{account}} and conversations.conversation_id = used.conversation_id
    where {{channels}}
    group by used.skill
)
select skills.skill, skills.label, skills.is_available, coalesce(ended.messages, 0) as messages,
    {", ".join(f"coalesce(ended.{one}, 0)" for one in ("volume", *STATUSES, *OPEN_REASONS))}
from metrics.skills
left join ended on ended.skill = skills.skill
where skills.account_id = {{account}} and (skills.is_available or ended.messages > 0)
order by messages desc, skills.skill
"""


@dataclass(frozen=True)
class SkillEnding:
    """Agent messages with the skill, the conversations in which they stand, and those by their status as of now.

    Of those that are open, some are running and the others unanswered (rule 3.5); 0 and 0 where the version that
    published did not tell.
    """

    skill: str
    label: str
    is_available: bool
    messages: int
    conversations: int
    resolved: int
    routed: int
    closed: int
    open: int
    running: int
    unanswered: int


def skill_endings(
    reader: Reader, account: PublishedAccount, first: date, last: date, channels: tuple[str, ...] = ()
) -> tuple[SkillEnding, ...]:
    """Every available skill, and those used in messages of these local dates, the most used first, ties by name."""
    is_told = reader.sees("metrics.conversations", "open_reason")
    told = (f"count(*) filter (where conversations.open_reason = {literal(one)})" for one in OPEN_REASONS)
    query = ENDINGS.format(
        reasons=", ".join(
            f"{found} as {one}" for one, found in zip(OPEN_REASONS, told if is_told else ("0", "0"), strict=True)
        ),
        account=literal(account.account_id),
        on_dates=account.on_dates("messages.sent_at", first, last),
        channels=f"conversations.channel in {one_of(channels)}" if channels else "true",
    )
    return tuple(SkillEnding(*row[:3], *map(int, row[3:])) for row in reader.rows(query))
