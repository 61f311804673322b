"""Segments of the published tables: which there are, how large, whom they reach, and who came and went (chapter 12)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from flows.audiences import Definition
from flows.audiences.wording import in_words
from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.saying import Text
from flows.ground.sql import literal
from flows.published.accounts import accounts, of_id
from flows.published.never_came import never_came
from flows.warehouses.publication import Publication, newest_publication
from flows.warehouses.reader import Reader

CHANNELS = ("email", "sms", "whatsapp")
RECENT = timedelta(days=7)
MOST_NEAR = 3
NEAR = 0.5  # of difflib: keys are words, and few
KNOWN_SHOWN = 20

SEGMENTS = """
with reached as (
    select account_id, segment,
        {reached},
        count(suppressed_by) as held_back
    from metrics.segment_members where {condition} group by account_id, segment
),
changed as (
    select account_id, segment,
        count(*) filter (where change = 'entered') as entered,
        count(*) filter (where change = 'left') as departed
    from metrics.segment_changes where {condition} and changed_at > {since} and changed_at <= {until}
    group by account_id, segment
)
select segments.account_id, segments.segment, segments.name, segments.description, segments.member_count,
    {counts},
    case when {holds_back} then coalesce(reached.held_back, 0) end,
    segments.anonymous_count, coalesce(changed.entered, 0),
    coalesce(changed.departed, 0), {first_built_at}, segments.definition
from (select * from metrics.segments where {condition}) as segments
left join reached on reached.account_id = segments.account_id and reached.segment = segments.segment
left join changed on changed.account_id = segments.account_id and changed.segment = segments.segment
order by segments.account_id, segments.segment
"""


@dataclass(frozen=True)
class PublishedSegment:
    """A segment of an account. Members are known shoppers; `anonymous_count` are conversations of nobody known.

    `reachable` are members whom marketing may reach on each channel, None where no source says it of any of those who
    have an address; `held_back` are members who wait for a person, None where the segment holds nobody back: a shopper
    may be both. `first_built_at` is as-of of the first build that knew the segment, None where that is not known:
    entered and left are None where there was no other build since then. `never_came` names metrics of the definition
    of which the account has no event at all: no source tells of them, or they never happened, so that who has none of
    them says nothing.
    """

    account: str
    segment: str
    name: str | None
    description: str | None
    member_count: int
    reachable_by_email: int | None
    reachable_by_sms: int | None
    reachable_by_whatsapp: int | None
    held_back: int | None
    anonymous_count: int
    entered_last_7_days: int | None
    left_last_7_days: int | None
    first_built_at: datetime | None
    definition: str | None
    never_came: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """For people: the name, else the key."""
        return self.name or self.segment

    def built_within(self, as_of: datetime) -> datetime | None:
        """The instant since which entered and left are known, where that is later than 7 days before as-of."""
        return self.first_built_at if self.first_built_at and self.first_built_at > as_of - RECENT else None

    def parsed(self) -> Definition | None:
        """The definition; None where there is none, or one that this version does not know."""
        try:
            return Definition.model_validate(json.loads(self.definition)) if self.definition else None
        except (ValueError, ValidationError):
            return None

    def rule(self) -> tuple[Text, ...]:
        """The definition in plain sentences, none where it is not known."""
        definition = self.parsed()
        return in_words(definition) if definition else ()

    def to_json_dict(self) -> dict[str, Any]:
        values = asdict(self)
        del values["definition"]
        return {**values, "first_built_at": utc_text(self.first_built_at)}


class NoSuchSegment(InputError):
    """No segment that is published has this key, in an account or in all of them."""

    def __init__(self, key: str, account: str | None, remedy: str) -> None:
        of = "" if account is None else f" of {account}"
        super().__init__(f"there is no segment {key!r}{of}", remedy=remedy)
        self.key = key
        self.account = account


@dataclass(frozen=True)
class PublishedSegments:
    """The segments of one publication, by account and key."""

    publication: Publication
    segments: tuple[PublishedSegment, ...]

    def to_json_dict(self) -> dict[str, Any]:
        return {**of_publication(self.publication), "segments": [one.to_json_dict() for one in self.segments]}


def segments(reader: Reader, account: str | None = None) -> PublishedSegments:
    """All segments, of one account or of all.

    Raises InputError for an unknown account, and before the first publication that has segments.
    """
    publication = standing(reader)
    if account is not None:
        of_id(accounts(reader), account)
    return PublishedSegments(publication, _asked(reader, publication, of_account(account)))


def find_segment(
    reader: Reader, key: str, account: str | None = None
) -> tuple[Publication, tuple[PublishedSegment, ...]]:
    """The segment of this key in each account that has it, at least one.

    Raises InputError as `segments` does, and for an unknown key, with those near it.
    """
    publication = standing(reader)
    if account is not None:
        of_id(accounts(reader), account)
    if found := _asked(reader, publication, in_segment(key, account)):
        return publication, found
    query = f"select distinct segment from metrics.segments where {of_account(account)} order by segment"
    known = [one for (one,) in reader.rows(query)]
    raise NoSuchSegment(key, account, _near(key, known))


def find_in_account(reader: Reader, key: str, account: str | None = None) -> tuple[Publication, PublishedSegment]:
    """The segment of one account. Raises InputError as `find_segment` does, and where several accounts have it."""
    publication, found = find_segment(reader, key, account)
    if len(found) > 1:
        names = ", ".join(one.account for one in found)
        raise InputError(f"several accounts have a segment {key!r}: {names}", remedy="name the account with --account")
    return publication, found[0]


def standing(reader: Reader) -> Publication:
    """The publication that is read. Raises InputError where there is none, or one from before there were segments."""
    newest = newest_publication(reader)
    if not reader.sees("metrics.segment_changes", "changed_at"):
        what = "the publication comes from a version that knew no segments"
        raise InputError(what, remedy="`agent-metrics run` builds and publishes them")
    return newest


def of_account(account: str | None) -> str:
    """SQL: the rows of an account, or of all."""
    return "true" if account is None else f"account_id = {literal(account)}"


def in_segment(key: str, account: str | None, table: str = "") -> str:
    """SQL: the rows of a segment, of one account or of all; `table` stands before each column, with its dot."""
    of = "true" if account is None else f"{table}account_id = {literal(account)}"
    return f"{of} and {table}segment = {literal(key)}"


def of_publication(publication: Publication) -> dict[str, Any]:
    """Which publication a document tells of."""
    return {"publication_id": publication.publication_id, "as_of": utc_text(publication.as_of)}


def _asked(reader: Reader, publication: Publication, condition: str) -> tuple[PublishedSegment, ...]:
    query = SEGMENTS.format(
        condition=condition,
        since=literal(publication.as_of - RECENT),
        until=literal(publication.as_of),
        reached=", ".join(map(_reached, CHANNELS)),
        counts=", ".join(f"case when reached.segment is null then 0 else reached.{one} end" for one in CHANNELS),
        holds_back=f"coalesce({_told(reader, 'is_suppressing', 'boolean')}, true)",
        first_built_at=_told(reader, "first_built_at", "timestamptz"),
    )
    found = [_measured(PublishedSegment(*row), publication) for row in reader.rows(query)]
    return tuple(replace(one, never_came=names) for one, names in zip(found, never_came(reader, found), strict=True))


def _measured(one: PublishedSegment, publication: Publication) -> PublishedSegment:
    """With what changed only where there was a build before, from which it could differ."""
    if one.first_built_at is None:
        return one
    built = one.first_built_at.astimezone(UTC)
    if built < publication.as_of:
        return replace(one, first_built_at=built)
    return replace(one, first_built_at=built, entered_last_7_days=None, left_last_7_days=None)


def _told(reader: Reader, column: str, kind: str) -> str:
    """SQL: a column of segments; null in a publication of a version that did not have it."""
    return f"segments.{column}" if reader.sees("metrics.segments", column) else f"cast(null as {kind})"


def _reached(channel: str) -> str:
    """SQL: how many may be reached, null where of nobody with an address it is known: that is not 0."""
    told = f"count(*) filter (where {channel}_reach in ('reachable', 'not_allowed'))"
    unknown = f"count(*) filter (where {channel}_reach = 'not_known')"
    reachable = f"count(*) filter (where {channel}_reach = 'reachable')"
    return f"case when {told} = 0 and {unknown} > 0 then null else {reachable} end as {channel}"


def _near(key: str, known: list[str]) -> str:
    if near := get_close_matches(key, known, n=MOST_NEAR, cutoff=NEAR):
        return f"did you mean {' or '.join(near)}?"
    more = f" and {len(known) - KNOWN_SHOWN} more" if len(known) > KNOWN_SHOWN else ""
    return f"there are: {', '.join(known[:KNOWN_SHOWN])}{more}" if known else "there are none yet; `agent-metrics run`"
