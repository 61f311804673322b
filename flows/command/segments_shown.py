"""What people read of segments: every text of strangers is cleaned, and what a reader may not see is `withheld`."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from flows.command.fitted import Column, Fitted, columns
from flows.command.lines import line
from flows.ground.clock import utc_text
from flows.ground.text import clean, counted
from flows.published.segment_csv import ExportedSegment
from flows.published.segment_details import Member, SegmentDetails
from flows.published.segment_moves import Move, Overlap, SegmentDiff
from flows.published.segments import PublishedSegment, PublishedSegments

REASONS = {
    "reachable": "may be reached",
    "no_address": "no address",
    "not_allowed": "not allowed",
    "not_known": "consent not known",
}
REQUESTS = {"open_handoff": "an open hand-off", "open_ticket": "an open ticket"}
CHANNELS = {"email": "email", "sms": "SMS", "whatsapp": "WhatsApp"}
WITHHELD = "withheld"
# The columns of pairs, and which goes first where there is no room (0 stays).
OVERLAP = {"segment": 0, "members": 1, "shared": 0, "share": 3, "other": 0, "its members": 2, "its share": 4}
KEPT = 2  # columns that stay however narrow the terminal is


def segment_lines(found: PublishedSegments, options: str) -> Iterator[RenderableType]:
    """A table of segments, and the next command, with the `options` of this one."""
    if not found.segments:
        yield "There are no segments."
        yield line("Next", "agent-metrics segments check, which reads their definitions")
        return
    yield _table(
        ("account", "segment", "name"),
        ("members", "email", "SMS", "WhatsApp", "held back", "anonymous", "entered", "left"),
        [_row(one) for one in found.segments],
    )
    yield ""
    yield "email, SMS, WhatsApp: members whom marketing may reach there (–: no source says it of any member)."
    yield "held back: members who wait for a person (–: this segment holds nobody back)."
    yield "anonymous: conversations whose shopper nobody knows. entered, left: in the 7 days before as-of."
    yield from _since(found)
    yield from _never_came(found.segments)
    yield line("As of", utc_text(found.publication.as_of))
    yield line("Next", f"agent-metrics segments show {shlex.quote(found.segments[0].segment)}{options}")


def details_lines(of: SegmentDetails, options: str) -> Iterator[RenderableType]:
    """All of one segment, and the next command, with the `options` of this one."""
    first = of.segments[0]
    yield f"{clean(first.title)}, {clean(first.segment)}, as of {utc_text(of.publication.as_of)}"
    yield from rule_lines(first)
    yield ""
    for one in of.segments:
        anonymous = counted(one.anonymous_count, "conversation of nobody known", "conversations of nobody known")
        moved = _moved(one, of.publication.as_of)
        yield line("Members", f"{one.account}: {counted(one.member_count, 'member')}, {anonymous}; {moved}")
    yield from _never_came(of.segments)
    for channel, reasons in of.reach.items():
        yield line(CHANNELS[channel], ", ".join(f"{count:,} {REASONS[one]}" for one, count in reasons.items()))
    waiting = [f"{count:,} by {REQUESTS[one]}" for one, count in of.held_back.items() if count]
    holds_back = any(one.held_back is not None for one in of.segments)
    nobody = "nobody" if holds_back else "nobody, whoever waits for a person: the definition says so"
    yield line("Held back", ", ".join(waiting) or nobody)
    yield ""
    for change in of.changes:
        who = _who(change.account, change.profile_id, change.name, of.withheld)
        yield clean(f"{utc_text(change.changed_at)}  {change.change:<7}  {who}")
    if of.changes:
        yield ""
    if of.members:
        yield _members(of.members, of.withheld, has_accounts=len(of.segments) > 1)
        if any(one.entered_at is None for one in of.members):
            yield "since –: already in the segment when it was first built."
    if len(of.members) < of.member_count:
        yield line("Shown", f"{len(of.members):,} of {of.member_count:,} members; --limit shows more")
    yield ""
    account = f" --account {shlex.quote(first.account)}" if len(of.segments) > 1 else ""
    key = shlex.quote(first.segment)
    yield line("Next", f"agent-metrics segments export {key} --to {key}.csv{account}{options}")


def _moved(one: PublishedSegment, as_of: datetime) -> str:
    """How many entered and left in 7 days, or since the segment is built: that is not a measured zero before."""
    if one.entered_last_7_days is None or one.left_last_7_days is None:
        return f"first built as of {utc_text(one.first_built_at)}, who enters and leaves is known from then on"
    since = one.built_within(as_of)
    when = f"since it was first built as of {utc_text(since)}" if since else "in 7 days"
    return f"{one.entered_last_7_days:,} entered and {one.left_last_7_days:,} left {when}"


def _since(found: PublishedSegments) -> Iterator[str]:
    """Which segments are not 7 days old."""
    young: dict[datetime, set[str]] = {}
    for one in found.segments:
        if since := one.built_within(found.publication.as_of):
            young.setdefault(since, set()).add(one.segment)
    for since, keys in sorted(young.items()):
        is_all = keys == {one.segment for one in found.segments}
        which = "all of them" if is_all and len(keys) > 1 else ", ".join(sorted(keys))
        yield line("Since", f"{utc_text(since)}, when they were first built: entered and left of {which}")


def _who(account: str, profile_id: str, name: str | None, withheld: Collection[str]) -> str:
    called = f", {name}" if name and "name" not in withheld else ""
    return f"{profile_id} of {account}{called}"


def _never_came(segments: Sequence[PublishedSegment]) -> Iterator[str]:
    """What rules speak of and no source has told of: who has none of it is not known, rather than none."""
    lacking: dict[str, set[str]] = {}
    for one in segments:
        for metric in one.never_came:
            lacking.setdefault(f"“{metric}” of {one.account}", set()).add(one.segment)
    for what, keys in sorted(lacking.items()):
        yield line("Never came", f"{what}, on which these rest: {', '.join(sorted(keys))}")


def rule_lines(one: PublishedSegment) -> Iterator[str]:
    """What the segment is for, and its definition in words."""
    if one.description:
        yield line("For", one.description)
    for sentence in one.rule() or ("The definition is not one that this version knows.",):
        yield line("Rule", sentence)


def overlap_lines(found: Overlap, limit: int) -> Iterator[RenderableType]:
    """Pairs, those that share most first; a share is of the members of the segment before it."""
    if not found.pairs:
        yield "There are no two segments."
        return
    rows = [
        (
            *(_cell(one.segment), f"{one.member_count:,}", f"{one.shared:,}", _share(one.share)),
            *(_cell(one.other), f"{one.other_member_count:,}", _share(one.other_share)),
        )
        for one in found.pairs[:limit]
    ]
    yield columns(rows, OVERLAP, right=[name for name in OVERLAP if name not in ("segment", "other")])
    if len(rows) < len(found.pairs):
        yield line("Shown", f"{len(rows):,} of {counted(len(found.pairs), 'pair')}; --limit shows more")


def diff_lines(of: SegmentDiff, limit: int) -> Iterator[RenderableType]:
    """Who entered and who left."""
    first = of.segments[0]
    members = sum(one.member_count for one in of.segments)
    now = f"{counted(members, 'member')} as of {utc_text(of.publication.as_of)}"
    yield f"{clean(first.title)}, {clean(first.segment)}, since {utc_text(of.since)}: {now}"
    if of.built_at and of.built_at >= of.publication.as_of:
        yield f"The segment was first built as of {utc_text(of.built_at)}: who enters and leaves is known from then on."
        return
    if of.begins_before_it_was_built:
        yield f"The segment was first built as of {utc_text(of.built_at)}: who entered and left before is not known."
    elif not of.is_whole:
        yield "Changes are kept for 90 days: what came before that is not in here."
    yield from _moves("Entered", of.entered, limit, of.withheld)
    yield from _moves("Left", of.departed, limit, of.withheld)
    if of.back_and_forth:
        yield line("Both", f"{counted(of.back_and_forth, 'shopper')} entered and left, and are where they were")


def exported_lines(exported: ExportedSegment) -> Iterator[str]:
    """What was written where."""
    one, publication = exported.segment, exported.publication
    yield line("Exported", f"{counted(exported.rows, 'member')} of {one.segment}, {one.account}")
    yield line("Into", exported.file)
    yield line("As of", f"{utc_text(publication.as_of)}, publication {publication.publication_id}")


def lacking_lines(exported: ExportedSegment) -> Iterator[str]:
    """What the file lacks, and why."""
    if exported.held_back:
        who = counted(exported.held_back, "member")
        yield line("Held back", f"{who} with an open hand-off or ticket; --with-held-back writes them, too")
    if exported.withheld:
        yield line("Withheld", f"{', '.join(exported.withheld)}: this reader may not see them")


def shown(text: str | None, column: str, withheld: Collection[str]) -> str:
    """A text of contact data in a line."""
    return WITHHELD if column in withheld else clean(text or "–")


def _row(one: PublishedSegment) -> list[str | int | None]:
    reach = (one.reachable_by_email, one.reachable_by_sms, one.reachable_by_whatsapp)
    moved = (one.entered_last_7_days, one.left_last_7_days)
    head = (one.account, one.segment, one.name)
    return [*head, one.member_count, *reach, one.held_back, one.anonymous_count, *moved]


def _members(members: Sequence[Member], withheld: Collection[str], *, has_accounts: bool) -> Fitted:
    names = [*(["account"] if has_accounts else []), "profile", "email", "phone", "name", "since"]
    rows = []
    for one in members:
        contact = [shown(getattr(one, column), column, withheld) for column in ("email", "phone", "name")]
        reach = [getattr(one, f"{channel}_reach") for channel in CHANNELS]
        head = [one.account] if has_accounts else []
        held_back_by = REQUESTS.get(one.suppressed_by or "", one.suppressed_by)
        rows.append([*head, one.profile_id, *contact, utc_text(one.entered_at), *reach, held_back_by])
    return _table([*names, *CHANNELS.values(), "held back by"], (), rows)


def _moves(label: str, moves: Sequence[Move], limit: int, withheld: Collection[str]) -> Iterator[str]:
    yield line(label, counted(len(moves), "shopper"))
    for one in moves[:limit]:
        who = _who(one.account, one.profile_id, one.name, withheld)
        yield clean(f"    {utc_text(one.changed_at)}  {who}")
    if len(moves) > limit:
        yield f"    … and {len(moves) - limit:,} more; --limit shows them"


def _table(texts: Sequence[str], numbers: Sequence[str], rows: Sequence[Sequence[str | int | None]]) -> Fitted:
    """The last columns go first where there is no room; of whom or what a row is stays, and how many there are."""
    found = []
    for place, name in enumerate((*texts, *numbers)):
        cells = [f"{one:,}" if isinstance(one, int) else _cell(one) for one in (row[place] for row in rows)]
        spare = 0 if place < KEPT or name in numbers[:1] else place
        found.append(Column(name, cells, spare, is_right=name in numbers, may_wrap=name == "name"))
    return Fitted(found)


def _cell(text: str | None) -> Text:
    return Text(clean(" ".join((text or "").split())) or "–")


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
