"""What a list lacks and what it has too much: the members of a segment, held against the ledger.

The sets are tables of the ledger's own connection, on disk: a plan takes the memory of a batch, however large it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flows.delivery.ledger import Ledger, stamp

if TYPE_CHECKING:
    import pyarrow as pa

ASKED = (1, 2, 3, 4, 5, 9)  # places in the members of a segment: profile, email, phone, name, entered, held back
AGAIN = timedelta(days=1)  # after which a change that was refused is tried anew
TABLES = """
create temp table if not exists wanted (
    profile_id text primary key, email text, phone text, name text, entered_at text, held_back text
) without rowid;
create temp table if not exists planned (
    place integer primary key, profile_id text not null unique, is_added integer not null, reason text not null,
    email text, phone text, name text, target_id text
);
create temp table if not exists seen (target_id text primary key) without rowid;
delete from wanted;
delete from planned;
delete from seen
"""
TO_REMOVE = """
insert into planned (profile_id, is_added, reason, email, phone, name, target_id)
select members.profile_id, 0,
    case
        when wanted.profile_id is null then 'is not in the segment any more'
        else 'is held back: ' || wanted.held_back
    end,
    wanted.email, wanted.phone, wanted.name, members.target_id
from members
left join wanted on wanted.profile_id = members.profile_id
where members.account_id = ?1 and members.segment = ?2
    and (members.state in ('in', 'adding', 'removing') or (members.state = 'not_removed' and members.changed_at < ?3))
    and (wanted.profile_id is null or wanted.held_back is not null)
order by members.profile_id
"""
TO_ADD = """
insert into planned (profile_id, is_added, reason, email, phone, name, target_id)
select wanted.profile_id, 1,
    case
        when wanted.entered_at is null then 'was in the segment when it was new'
        else 'entered at ' || wanted.entered_at
    end,
    wanted.email, wanted.phone, wanted.name, members.target_id
from wanted
left join members
    on members.account_id = ?1 and members.segment = ?2 and members.profile_id = wanted.profile_id
where wanted.held_back is null
    and (
        members.state is null or members.state in ('adding', 'removing', 'removed', 'not_removed')
        or (members.state = 'not_added' and members.changed_at < ?3)
    )
order by wanted.entered_at nulls last, wanted.profile_id
"""


@dataclass(frozen=True)
class Change:
    """A shopper whom a list is to get or to lose, and why; `target_id` is the shopper's id over there, if known."""

    place: int
    profile_id: str
    is_added: bool
    reason: str
    email: str | None
    phone: str | None
    name: str | None
    target_id: str | None


@dataclass(frozen=True)
class Plan:
    """How many are to be added and removed, how many the list has by us now, and how many are wanted."""

    adds: int
    removes: int
    size: int
    wanted: int

    @property
    def is_empty(self) -> bool:
        return not self.adds and not self.removes

    def held_because(self, max_removed_share: float) -> str | None:
        """Why nobody is to be removed before somebody has looked; None where the plan is as usual."""
        if not self.removes or max_removed_share >= 1:
            return None
        if not self.wanted:
            return f"it would empty the list of its {self.size:,} members"
        share = self.removes / max(self.size, self.removes)  # two shoppers can be one profile there
        if share > max_removed_share:
            return f"it would remove {self.removes:,} of {self.size:,} ({share:.0%}, {max_removed_share:.0%} may be)"
        return None


def planned(
    ledger: Ledger, account: str, segment: str, members: Iterable[pa.RecordBatch], *, again: bool = False
) -> Plan:
    """The plan for one list; `members` are those that `members_query` asks for.

    Who was refused is tried anew after a day, or at once with `again`.
    """
    before = stamp(datetime.now(UTC) - (timedelta() if again else AGAIN))
    for statement in TABLES.split(";"):
        ledger.run(statement)
    with ledger.together(is_aside=True):
        for batch in members:
            columns = [_texts(batch.column(place).to_pylist()) for place in ASKED]
            ledger.run_for("insert into wanted values (?, ?, ?, ?, ?, ?)", list(zip(*columns, strict=True)))
        ledger.run(TO_REMOVE, account, segment, before)
        ledger.run(TO_ADD, account, segment, before)
    adds, removes = ledger.row(
        "select count(*) filter (where is_added), count(*) filter (where not is_added) from planned"
    )
    (size,) = ledger.row(
        """select count(distinct target_id) from members
        where account_id = ? and segment = ? and state in ('in', 'adding', 'removing')""",
        account,
        segment,
    )
    (wanted,) = ledger.row("select count(*) from wanted where held_back is null")
    return Plan(adds, removes, size, wanted)


def changes(ledger: Ledger, *, is_added: bool, after: int, most: int) -> list[Change]:
    """The next changes of the plan behind a place."""
    rows = ledger.rows(
        """select place, profile_id, is_added, reason, email, phone, name, target_id from planned
        where is_added = ? and place > ? order by place limit ?""",
        is_added,
        after,
        most,
    )
    return [Change(place, profile, bool(added), *more) for place, profile, added, *more in rows]


def batches(ledger: Ledger, *, is_added: bool, size: int, limit: int | None) -> Iterator[list[Change]]:
    """All changes of a kind, so many at a time, `limit` of them at most."""
    after, left = 0, limit
    while left != 0:
        found = changes(ledger, is_added=is_added, after=after, most=size if left is None else min(size, left))
        if not found:
            return
        yield found
        after = found[-1].place
        left = None if left is None else left - len(found)


def _texts(values: list[Any]) -> list[Any]:
    return [one.isoformat() if hasattr(one, "isoformat") else one for one in values]
