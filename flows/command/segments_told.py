"""What people read of a shopper in segments, and of definitions that were checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.audiences import Found, Problem
from flows.audiences.wording import in_words
from flows.command.lines import line
from flows.command.segments_shown import REQUESTS, shown
from flows.ground.text import clean, counted
from flows.published.accounts import PublishedAccount
from flows.published.segment_explained import Explained, ExplainedSegment, ExplainedShopper

HOLDS = {True: "yes", False: "no", None: "?"}


def explained_lines(found: ExplainedShopper) -> Iterator[str]:
    """A shopper, each segment, and each condition with what speaks for it or against it."""
    contact = [shown(getattr(found, name), name, found.withheld) for name in ("name", "email", "phone")]
    who = f"{clean(found.profile_id)} of {clean(found.account.account_id)}: {', '.join(contact)}"
    zone = clean(found.account.timezone)
    yield f"{who}; as of {_local(found.publication.as_of, found.account)} ({zone})"
    for one in found.segments:
        yield ""
        yield _state(one, found.account)
        yield from _groups(one, found.account)
    if not found.segments:
        yield "There are no segments."


@dataclass(frozen=True)
class Checked:
    """What there is in the folder of definitions and in the package, and what is wrong.

    `unknown` are right definitions for accounts that there are not, `missing` says that the folder is not there.
    """

    folder: Path
    found: Sequence[Found]
    problems: Sequence[Problem]
    unknown: Sequence[Problem]
    missing: str | None

    @property
    def exit_status(self) -> int:
        return 2 if self.problems or self.unknown or self.missing else 0

    def to_json_dict(self) -> dict[str, Any]:
        told = [
            {
                "segment": one.key,
                "file": str(one.file),
                "name": one.segment.name,
                "accounts": list(one.segment.accounts),
                "rule": list(map(str, in_words(one.segment.definition))),
            }
            for one in self.found
        ]
        wrong = [*self.problems, *self.unknown]
        problems = [{"file": str(one.file), "line": one.line, "what": one.what} for one in wrong]
        return {"folder": str(self.folder), "missing": self.missing, "segments": told, "problems": problems}


def check_lines(of: Checked) -> Iterator[str]:
    """Each definition in words, then what is wrong."""
    for one in of.found:
        yield f"{clean(one.key)}: {clean(one.segment.name)}"
        yield from (f"    {clean(sentence)}" for sentence in in_words(one.segment.definition))
    if of.found:
        yield ""
    yield from map(str, [*of.problems, *of.unknown])
    if of.missing:
        yield clean(of.missing)
    own = sum(one.file.parent == of.folder for one in of.found)
    shipped = f"{len(of.found) - own:,} of the package"
    yield line("Checked", f"{counted(len(of.found), 'right definition')}: {own:,} of {of.folder}, {shipped}")
    if of.problems:
        files = len({one.file for one in of.problems})
        wrong = f"{counted(len(of.problems), 'problem')} in {counted(files, 'file')}"
        yield line("Wrong", f"{wrong}; a run takes the last right version, or leaves the segment out")
    if of.unknown:
        yield line("Nobody", f"is in a segment of an account that is not there ({len(of.unknown):,})")


def _state(one: ExplainedSegment, account: PublishedAccount) -> str:
    name = f"{one.segment.title} ({one.segment.segment})"
    if one.is_in:
        since = _local(one.entered_at, account) if one.entered_at else "before it was first built"
        held = f"; held back by {REQUESTS.get(one.suppressed_by, one.suppressed_by)}" if one.suppressed_by else ""
        return line("In", f"{name}, since {since}{held}")
    left = f", left on {_local(one.left_at, account)}" if one.left_at else ""
    return line("Not in", f"{name}{left}")


def _groups(one: ExplainedSegment, account: PublishedAccount) -> Iterator[str]:
    if not one.groups:
        yield "    the definition is not one that this version knows"
    for group in one.groups:
        for place, condition in enumerate(group):
            either = "or " if place else ""
            why = f" ({condition.why})" if condition.why else ""
            yield clean(f"    {HOLDS[condition.holds]:<4} {either}{condition.condition}{why}")
            yield from (f"         {clean(text)}" for text in _evidence(condition, account))


def _evidence(condition: Explained, account: PublishedAccount) -> Iterator[str]:
    if condition.value is not None:
        yield f"here it is “{condition.value}”"
    for one in condition.events:
        last = f", the last on {_local(one.last_at, account)}" if one.last_at else ""
        total = "" if one.total is None else f", {one.total:,.2f} together"
        counted_ones = f"{one.counted:,} that count after it" if one.is_after else f"{one.counted:,} that count"
        yield f"“{one.metric}”: {counted_ones}{last}{total}, of {one.of_all:,} in all"


def _local(instant: datetime, account: PublishedAccount) -> str:
    return f"{account.local(instant):%Y-%m-%d %H:%M}"
