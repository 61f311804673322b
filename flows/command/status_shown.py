"""What people read of the status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flows.command.deliveries_shown import concern_lines
from flows.command.lines import counts, home_option, line
from flows.command.status import Status
from flows.ground.clock import utc_text
from flows.ground.home import Home
from flows.ground.text import clean, counted


def status_lines(status: Status) -> Iterator[str]:
    """What stands in a home and its warehouses."""
    home = Home(Path(status.home))
    yield from _published(status, home)
    for warehouse in status.warehouses:
        if warehouse.is_behind or warehouse.error:
            stands = f"stands at {warehouse.publication_id or 'nothing'}; the next run catches it up"
            why = f": {warehouse.error}" if warehouse.error else ""
            yield line("BEHIND" if warehouse.is_behind else "NO ANSWER", f"{warehouse.warehouse} {stands}{why}")
    if status.is_altered:
        yield "SOMEBODY HAS WRITTEN TO THE PUBLISHED FILE since it was published: its figures may not be ours."
        if not status.is_held:
            yield line("Next", f"agent-metrics publish{home_option(home.root)}")
    if status.is_held:
        yield "PUBLICATIONS ARE HELD, because somebody went back to an earlier publication."
        yield line("Next", f"agent-metrics publish --resume{home_option(home.root)}")
    yield from _deliveries(status)
    yield from _waiting(status)
    for rejected in status.rejected_rows:
        yield line("Refused", f"{rejected.rows:,} rows of {rejected.table}{', mostly' if rejected.reasons else ''}")
        yield from (line("", f"{rows:,} × {reason}") for reason, rows in rejected.reasons)
    yield from _candidate(status)


def _published(status: Status, home: Home) -> Iterator[str]:
    """What readers see, and what is kept to go back to."""
    if status.published is None:
        yield f"Nothing is published yet in {clean(status.home)}."
        if not home.root.exists():
            yield line("Home", "there is no such folder: see that --home names the right one; the first run makes it")
    else:
        one, minutes = status.published, (status.age_seconds or 0) // 60
        shown_in = " and ".join(one.warehouse for one in status.warehouses if not one.is_behind and not one.error)
        age = f"{counted(minutes, 'minute')} ago"
        yield line("Published", f"{one.publication_id}, {age}, in {shown_in or 'no other warehouse'}")
        yield line("", f"as of {utc_text(one.as_of)}, data up to {utc_text(one.data_up_to) or 'nothing yet'}")
        publications = counted(status.publications, "publication")
        yield line("", f"{one.checks_passed} of {one.checks_total} checks passed; {publications}")
    if (kept := status.kept).oldest_publication_id:
        size = f"{kept.bytes / 1e6:,.0f} MB on disk"
        yield line("Kept", f"{counted(kept.publications, 'publication')} back to {kept.oldest_publication_id}, {size}")


def _candidate(status: Status) -> Iterator[str]:
    """What was built last, and why it is not published."""
    if candidate := status.candidate:
        published = "published" if candidate.is_published else "not published"
        yield line("Candidate", f"{candidate.build_id}, as of {candidate.as_of}, {published}; gate {candidate.gate}")
        for check in candidate.failed_checks:
            yield line("", f"{check.name} ({check.table}): {check.outcome}, {check.rows:,} rows")
        if sum(candidate.held_back.values()):
            yield line("Held back", f"rows whose parent is not known yet{counts(candidate.held_back)}")


def _waiting(status: Status) -> Iterator[str]:
    """Shoppers who wait for a person, and questions that wait for the next run."""
    for one in status.waiting_handoffs:
        yield line("Waiting", f"{one.words}, in {clean(one.account)}")
        if one.since:
            yield line("", f"the oldest since {utc_text(one.since)}")
    if status.ungrouped_question_count:
        questions = counted(status.ungrouped_question_count, "question waits", "questions wait")
        yield line("Left", f"{questions} to be grouped; the next run goes on")


def _deliveries(status: Status) -> Iterator[str]:
    """How many are as they should be, and what should be looked at; nothing where none is switched on."""
    if status.deliveries:
        well = sum(not one.concerns for one in status.deliveries)
        of = counted(len(status.deliveries), "delivery", "deliveries")
        yield line("Deliveries", f"{well} of {of} as they should be")
    for one in status.deliveries:
        yield from concern_lines(one)
    if status.deliveries_error:
        yield line("LOOK AT", status.deliveries_error)
