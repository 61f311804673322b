"""Why a shopper is in a segment or not: which conditions hold, and the events that speak for them or against."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from flows.audiences.definition import Condition, Group, MarketingConsent, ProfileProperty
from flows.audiences.wording import condition_in_words
from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount, accounts, of_id
from flows.published.gaps import visible
from flows.published.segment_details import withheld
from flows.published.segment_shopper import Found, Shopper, shopper
from flows.published.segments import PublishedSegment, find_segment, of_account, of_publication, segments
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

MEMBERSHIPS = """
select segment, entered_at, suppressed_by from metrics.segment_members
where account_id = {account} and profile_id = {profile}
"""
LEFT = """
select segment, max(changed_at) from metrics.segment_changes
where account_id = {account} and profile_id = {profile} and change = 'left' and changed_at <= {until} group by segment
"""

BETWEEN_DIGITS = re.compile(r"[ \-.()\[\]]")  # phones are compared as rule 4.2 compares them
PHONE = re.compile(r"\+?[0-9]{7,15}")


@dataclass(frozen=True)
class Explained:
    """One condition in words. `holds` is None where it cannot be told, and then `why` says why."""

    condition: str
    holds: bool | None
    events: tuple[Found, ...]
    value: str | None
    why: str | None

    def to_json_dict(self) -> dict[str, Any]:
        events = [{**asdict(one), "last_at": utc_text(one.last_at)} for one in self.events]
        return {**asdict(self), "events": events}


@dataclass(frozen=True)
class ExplainedSegment:
    """A segment and one shopper: `groups` are those of the definition, none where it is not known.

    `entered_at` is None where it is not known (12.2), `left_at` where the shopper never left it.
    """

    segment: PublishedSegment
    is_in: bool
    entered_at: datetime | None
    left_at: datetime | None
    suppressed_by: str | None
    groups: tuple[tuple[Explained, ...], ...]

    def to_json_dict(self) -> dict[str, Any]:
        return {
            "segment": self.segment.segment,
            "name": self.segment.name,
            "is_in": self.is_in,
            "entered_at": utc_text(self.entered_at),
            "left_at": utc_text(self.left_at),
            "suppressed_by": self.suppressed_by,
            "rule": list(map(str, self.segment.rule())),
            "groups": [[one.to_json_dict() for one in group] for group in self.groups],
        }


@dataclass(frozen=True)
class ExplainedShopper:
    """A known shopper and each segment of the account, those that the shopper is in first."""

    publication: Publication
    account: PublishedAccount
    profile_id: str
    email: str | None
    phone: str | None
    name: str | None
    withheld: tuple[str, ...]
    segments: tuple[ExplainedSegment, ...]

    def to_json_dict(self) -> dict[str, Any]:
        return {
            **of_publication(self.publication),
            "account": self.account.account_id,
            "profile_id": self.profile_id,
            "email": self.email,
            "phone": self.phone,
            "name": self.name,
            "withheld": list(self.withheld),
            "segments": [one.to_json_dict() for one in self.segments],
        }


def explain(reader: Reader, profile: str, account: str | None = None, segment: str | None = None) -> ExplainedShopper:
    """The segments, or one, of a shopper who is named by the id, the email address or the phone number of the
    profile, as of the publication.

    Raises InputError as `find_segment` does, for an unknown profile, and for one that several accounts have.
    """
    published = segments(reader, account)
    of, profile_id, email, phone, name = _profile(reader, profile, account)
    if segment is not None:
        find_segment(reader, segment, of)
    values = {"account": literal(of), "profile": literal(profile_id)}
    memberships = {key: (_utc(at), by) for key, at, by in reader.rows(MEMBERSHIPS.format(**values))}
    left = {key: _utc(at) for key, at in reader.rows(LEFT.format(**values, until=literal(published.publication.as_of)))}
    with shopper(reader, of, profile_id, published.publication.as_of) as one:
        found = [
            _explained(one, each, memberships.get(each.segment), left.get(each.segment))
            for each in published.segments
            if each.account == of and segment in (None, each.segment)
        ]
    found.sort(key=lambda each: not each.is_in)
    account_of = of_id(accounts(reader), of)
    return ExplainedShopper(
        published.publication, account_of, profile_id, email, phone, name, withheld(reader), tuple(found)
    )


def _explained(
    one: Shopper,
    segment: PublishedSegment,
    membership: tuple[datetime | None, str | None] | None,
    left_at: datetime | None,
) -> ExplainedSegment:
    definition = segment.parsed()
    groups: tuple[Group, ...] = definition.condition_groups if definition else ()
    entered_at, suppressed_by = membership or (None, None)
    told = tuple(tuple(_condition(one, condition) for condition in group.conditions) for group in groups)
    return ExplainedSegment(segment, membership is not None, entered_at, left_at, suppressed_by, told)


def _condition(one: Shopper, condition: Condition) -> Explained:
    holds = one.holds(condition)
    value = one.value(condition) if isinstance(condition, ProfileProperty) else None
    why = None
    if holds is None:
        is_consent = isinstance(condition, MarketingConsent)
        why = "as the build found it; consent is published of members only" if is_consent else "withheld"
    return Explained(str(condition_in_words(condition)), holds, one.found(condition), value, why)


def _profile(reader: Reader, profile: str, account: str | None) -> tuple[Any, ...]:
    contact = ", ".join(visible(reader, "profiles", column, column) for column in ("email", "phone", "name"))
    is_email = f" or lower(email) = {literal(profile.lower())}" if reader.sees("metrics.profiles", "email") else ""
    phone = BETWEEN_DIGITS.sub("", profile)
    has_phone = reader.sees("metrics.profiles", "phone") and PHONE.fullmatch(phone)
    is_phone = f" or translate(phone, ' -.()[]', '') = {literal(phone)}" if has_phone else ""
    is_it = f"(profile_id = {literal(profile)}{is_email}{is_phone})"
    query = f"select account_id, profile_id, {contact} from metrics.profiles where {of_account(account)} and {is_it}"
    found = reader.rows(f"{query} order by account_id, profile_id")
    if not found:
        remedy = "`agent-metrics segments show KEY` names the shoppers in a segment"
        raise InputError(f"there is no profile {profile!r}", remedy=remedy)
    if len({row[0] for row in found}) > 1:
        names = ", ".join(sorted({row[0] for row in found}))
        what = f"several accounts have a profile {profile!r}: {names}"
        raise InputError(what, remedy="name the account with --account")
    exact = [row for row in found if row[1] == profile] or found
    if len(exact) > 1:
        ids = ", ".join(row[1] for row in exact)
        raise InputError(f"several profiles have {profile!r}: {ids}", remedy="give the id of one of them")
    return exact[0]


def _utc(instant: datetime | None) -> datetime | None:
    return instant.astimezone(UTC) if instant else None
