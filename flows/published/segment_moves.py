"""Who entered a segment and who left it since an instant, and how much segments overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import accounts, of_id
from flows.published.filters import one_of
from flows.published.gaps import visible
from flows.published.segment_details import withheld
from flows.published.segments import (
    RECENT,
    PublishedSegment,
    find_segment,
    in_segment,
    of_account,
    of_publication,
    standing,
)
from flows.warehouses.publication import Publication, read_published
from flows.warehouses.reader import Reader

KEPT = timedelta(days=90)  # of changes (rule 12.2)
MOVES = """
with changed as (
    select account_id, profile_id, changed_at, change,
        row_number() over (partition by account_id, profile_id order by changed_at) as place,
        row_number() over (partition by account_id, profile_id order by changed_at desc) as place_from_last
    from metrics.segment_changes
    where {condition} and changed_at > {since} and changed_at <= {until}
)
select firsts.account_id, firsts.profile_id, {name}, firsts.change, lasts.change, lasts.changed_at
from changed as firsts
inner join changed as lasts
    on lasts.account_id = firsts.account_id and lasts.profile_id = firsts.profile_id and lasts.place_from_last = 1
left join metrics.profiles as profiles
    on profiles.account_id = firsts.account_id and profiles.profile_id = firsts.profile_id
where firsts.place = 1
order by lasts.changed_at desc, firsts.account_id, firsts.profile_id
"""
SHARED = """
select one.segment, other.segment, count(*)
from metrics.segment_members as one
inner join metrics.segment_members as other
    on other.account_id = one.account_id and other.profile_id = one.profile_id and other.segment >= one.segment
where {condition}
group by one.segment, other.segment
"""


@dataclass(frozen=True)
class Move:
    """A shopper who was not in the segment and is, or who was and is not; the instant is that of the last change."""

    account: str
    profile_id: str
    name: str | None
    changed_at: datetime

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "changed_at": utc_text(self.changed_at)}


@dataclass(frozen=True)
class SegmentDiff:
    """Who entered and who left after `since`, the last first. `back_and_forth` did both, and are where they were.

    `built_at` is the as-of of the first build that knew the segment, of several accounts the last one, None where it is
    not known. `is_whole` is False where `since` is before that, or before the changes that are kept. `withheld` are
    columns that this reader may not see.
    """

    publication: Publication
    segments: tuple[PublishedSegment, ...]
    since: datetime
    entered: tuple[Move, ...]
    departed: tuple[Move, ...]
    back_and_forth: int
    built_at: datetime | None
    withheld: tuple[str, ...]

    @property
    def begins_before_it_was_built(self) -> bool:
        return self.built_at is not None and self.since < self.built_at

    @property
    def is_whole(self) -> bool:
        return self.since >= self.publication.as_of - KEPT and not self.begins_before_it_was_built

    def to_json_dict(self) -> dict[str, Any]:
        return {
            **of_publication(self.publication),
            "segment": self.segments[0].segment,
            "since": utc_text(self.since),
            "is_whole": self.is_whole,
            "first_built_at": utc_text(self.built_at),
            "member_count": sum(one.member_count for one in self.segments),
            "entered": [one.to_json_dict() for one in self.entered],
            "left": [one.to_json_dict() for one in self.departed],
            "back_and_forth": self.back_and_forth,
            "withheld": list(self.withheld),
        }


def segment_diff(
    reader: Reader,
    key: str,
    account: str | None = None,
    *,
    since: datetime | None = None,
    publication: str | None = None,
) -> SegmentDiff:
    """Changes after an instant, or after the as-of of a publication; else of the last 7 days before as-of.

    Raises InputError as `find_segment` does, for an unknown publication, and for an instant after as-of.
    """
    newest, found = find_segment(reader, key, account)
    after = since or _as_of(reader, publication) or newest.as_of - RECENT
    if after > newest.as_of:
        what = f"nothing is known after {utc_text(newest.as_of)}, which is the as-of of what is published"
        raise InputError(what, where=utc_text(after), remedy="name an earlier instant, or `agent-metrics run` first")
    condition, name = in_segment(key, account), visible(reader, "profiles", "name", "profiles.name")
    query = MOVES.format(condition=condition, name=name, since=literal(after), until=literal(newest.as_of))
    rows = reader.rows(query)
    moves = {"entered": list[Move](), "left": list[Move]()}
    back_and_forth = 0
    for of, profile, who, first, last, at in rows:
        if first == last:
            moves[last].append(Move(of, profile, who, at.astimezone(UTC)))
        else:
            back_and_forth += 1
    entered, departed = (tuple(moves[one]) for one in ("entered", "left"))
    built_at = max(filter(None, (one.first_built_at for one in found)), default=None)
    return SegmentDiff(newest, found, after, entered, departed, back_and_forth, built_at, withheld(reader))


@dataclass(frozen=True)
class Pair:
    """Two segments and the members that are in both; a share is None where a segment has no member."""

    segment: str
    other: str
    member_count: int
    other_member_count: int
    shared: int

    @property
    def share(self) -> float | None:
        return self.shared / self.member_count if self.member_count else None

    @property
    def other_share(self) -> float | None:
        return self.shared / self.other_member_count if self.other_member_count else None

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "share": self.share, "other_share": self.other_share}


@dataclass(frozen=True)
class Overlap:
    """Pairs of segments, those with most members in both first, of one account or of all."""

    publication: Publication
    account: str | None
    pairs: tuple[Pair, ...]

    def to_json_dict(self) -> dict[str, Any]:
        pairs = [one.to_json_dict() for one in self.pairs]
        return {**of_publication(self.publication), "account": self.account, "pairs": pairs}


def overlap(reader: Reader, keys: Sequence[str] | None = None, account: str | None = None) -> Overlap:
    """Members that segments share, of these or of all. Raises as `find_segment` does, and for a single key."""
    publication = standing(reader)
    if account is not None:
        of_id(accounts(reader), account)
    for key in keys or ():
        find_segment(reader, key, account)
    if len(set(keys or ())) == 1:
        raise InputError("one segment overlaps with nothing", remedy="name another one, or none for all of them")
    query = f"select distinct segment from metrics.segments where {of_account(account)}"
    wanted = sorted({one for (one,) in reader.rows(query)} if keys is None else set(keys))
    if not wanted:
        return Overlap(publication, account, ())
    of = "true" if account is None else f"one.account_id = {literal(account)}"
    these = one_of(tuple(wanted))
    condition = f"{of} and one.segment in {these} and other.segment in {these}"
    shared = {(one, other): count for one, other, count in reader.rows(SHARED.format(condition=condition))}
    pairs = [
        Pair(one, other, shared.get((one, one), 0), shared.get((other, other), 0), shared.get((one, other), 0))
        for one, other in combinations(wanted, 2)
    ]
    return Overlap(publication, account, tuple(sorted(pairs, key=lambda one: (-one.shared, one.segment, one.other))))


def _as_of(reader: Reader, publication_id: str | None) -> datetime | None:
    """Raises InputError for a publication that there was not."""
    if publication_id is None:
        return None
    published = read_published(reader)
    found = published.find(publication_id) if published else None
    if found is None:
        remedy = "`agent-metrics status` names the newest; metrics.publications has all of them"
        raise InputError(f"there is no publication {publication_id!r}", remedy=remedy)
    return found.as_of
