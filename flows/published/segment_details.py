"""All of one segment: its rule, whom it reaches and why not the others, who came and went last, and its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from flows.ground.clock import utc_text
from flows.ground.sql import literal
from flows.published.gaps import visible
from flows.published.segments import CHANNELS, PublishedSegment, find_segment, in_segment, of_publication
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

REACHES = ("reachable", "no_address", "not_allowed", "not_known")
REQUESTS = ("open_handoff", "open_ticket")
CONTACT = {"email": "segment_members", "phone": "segment_members", "name": "profiles"}  # column -> table that has it
REACH = """
select {counts} from metrics.segment_members where {condition}
"""
MEMBERS = """
select members.account_id, members.profile_id, {email}, {phone}, {name}, members.entered_at, members.email_reach,
    members.sms_reach, members.whatsapp_reach, members.suppressed_by
from metrics.segment_members as members
left join metrics.profiles as profiles
    on profiles.account_id = members.account_id and profiles.profile_id = members.profile_id
where {condition}
order by members.entered_at desc nulls last, members.account_id, members.profile_id
{limit}
"""
CHANGES = """
select changes.account_id, changes.profile_id, {name}, changes.changed_at, changes.change
from metrics.segment_changes as changes
left join metrics.profiles as profiles
    on profiles.account_id = changes.account_id and profiles.profile_id = changes.profile_id
where {condition} and changes.changed_at <= {until}
order by changes.changed_at desc, changes.account_id, changes.profile_id limit {limit}
"""


@dataclass(frozen=True)
class Member:
    """A shopper in a segment. What this reader may not see is None; so is `entered_at` where it is not known (12.2)."""

    account: str
    profile_id: str
    email: str | None
    phone: str | None
    name: str | None
    entered_at: datetime | None
    email_reach: str
    sms_reach: str
    whatsapp_reach: str
    suppressed_by: str | None

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "entered_at": utc_text(self.entered_at)}


@dataclass(frozen=True)
class MembershipChange:
    """A row of `metrics.segment_changes`; `change` is `entered` or `left`. The name is that of the profile today."""

    account: str
    profile_id: str
    name: str | None
    changed_at: datetime
    change: str

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "changed_at": utc_text(self.changed_at)}


@dataclass(frozen=True)
class SegmentDetails:
    """A segment in each account that has it, and what is told of all of them together.

    `reach` is channel -> reason -> members, `held_back` what they wait for -> members. `withheld` are columns of
    members that this reader may not see.
    """

    publication: Publication
    segments: tuple[PublishedSegment, ...]
    reach: dict[str, dict[str, int]]
    held_back: dict[str, int]
    changes: tuple[MembershipChange, ...]
    members: tuple[Member, ...]
    withheld: tuple[str, ...]

    @property
    def member_count(self) -> int:
        return sum(one.member_count for one in self.segments)

    def to_json_dict(self) -> dict[str, Any]:
        first = self.segments[0]
        definition = first.parsed()
        return {
            **of_publication(self.publication),
            "segment": first.segment,
            "name": first.name,
            "description": first.description,
            "rule": list(map(str, first.rule())),
            "definition": definition.model_dump(mode="json") if definition else None,
            "accounts": [one.to_json_dict() for one in self.segments],
            "reach": self.reach,
            "held_back": self.held_back,
            "changes": [one.to_json_dict() for one in self.changes],
            "members": [one.to_json_dict() for one in self.members],
            "withheld": list(self.withheld),
        }


def segment_details(reader: Reader, key: str, account: str | None, limit: int) -> SegmentDetails:
    """All of a segment, with so many members and changes, the newest first. Raises as `find_segment` does."""
    publication, found = find_segment(reader, key, account)
    asked = {"condition": in_segment(key, account, "changes."), "name": visible(reader, "profiles", "name", "name")}
    rows = reader.rows(CHANGES.format(**asked, until=literal(publication.as_of), limit=limit))
    changes = tuple(MembershipChange(one, profile, name, _utc(at), did) for one, profile, name, at, did in rows)
    reach, held_back = _counted(reader, in_segment(key, account))
    members = tuple(
        map(_member, reader.rows(members_query(reader, in_segment(key, account, "members."), f"limit {limit}")))
    )
    return SegmentDetails(publication, found, reach, held_back, changes, members, withheld(reader))


def withheld(reader: Reader) -> tuple[str, ...]:
    """The contact data of members that this reader may not see."""
    return tuple(column for column, table in CONTACT.items() if not reader.sees(f"metrics.{table}", column))


def members_query(reader: Reader, condition: str, limit: str = "") -> str:
    """SQL of the `members` of which the condition holds, with the columns of a Member, those who entered last first."""
    contact = {
        column: visible(reader, table, column, f"{'profiles' if column == 'name' else 'members'}.{column}")
        for column, table in CONTACT.items()
    }
    return MEMBERS.format(condition=condition, limit=limit, **contact)


def profile_contacts(
    reader: Reader, account: str, profile_ids: Sequence[str]
) -> dict[str, tuple[str | None, str | None, str | None]]:
    """Name, email and phone of profiles, by their ids; what this reader may not see is None."""
    if not profile_ids:
        return {}
    columns = ", ".join(visible(reader, "profiles", one, one) for one in ("name", "email", "phone"))
    rows = reader.rows(
        f"""select profile_id, {columns} from metrics.profiles
        where account_id = {literal(account)} and profile_id in ({", ".join(map(literal, profile_ids))})"""
    )
    return {profile: (name, email, phone) for profile, name, email, phone in rows}


def _counted(reader: Reader, condition: str) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    asked = [(f"{channel}_reach", reach) for channel in CHANNELS for reach in REACHES]
    asked += [("suppressed_by", request) for request in REQUESTS]
    counts = ", ".join(f"count(*) filter (where {column} = {literal(value)})" for column, value in asked)
    (row,) = reader.rows(REACH.format(counts=counts, condition=condition))
    found = dict(zip(asked, row, strict=True))
    reach = {channel: {one: found[f"{channel}_reach", one] for one in REACHES} for channel in CHANNELS}
    return reach, {request: found["suppressed_by", request] for request in REQUESTS}


def _member(row: tuple[Any, ...]) -> Member:
    account, profile, email, phone, name, entered_at, *reach = row
    return Member(account, profile, email, phone, name, _utc(entered_at) if entered_at else None, *reach)


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
