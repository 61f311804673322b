"""What people read of deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from flows.command.fitted import columns
from flows.command.lines import line
from flows.delivery.health import KINDS, OUTCOMES
from flows.delivery.planned import Planned, PlannedChange, PlannedFile, PlannedMessage, PlannedTicket
from flows.ground.clock import utc_second
from flows.ground.text import clean, counted

if TYPE_CHECKING:
    from flows.delivery.delivered import Delivered
    from flows.delivery.health import Health
    from flows.jobs.deliveries import Deliveries

# The columns of deliveries, and which goes first where there is no room (0 stays).
SPARE = {
    "account": 0, "to": 0, "what": 0, "last": 3, "outcome": 1, "members": 4, "waiting": 2, "refused": 0
}  # fmt: skip
LOUD = {"held", "failed", "planned"}  # outcomes that people should not overlook


def delivery_lines(done: Deliveries) -> Iterator[str]:
    """One paragraph for each destination and segment."""
    yield line("Published", done.publication.publication_id)
    for one in done.delivered:
        yield from _paragraph(one)
    if done.is_dry:
        yield "Nothing was delivered: this was a dry run."


def _paragraph(one: Delivered) -> Iterator[str]:
    what = f"{one.key} ({KINDS[one.kind]})" if one.key and one.kind == "segment_change" else one.key or KINDS[one.kind]
    figures = ", ".join(_figure(name, number) for name, number in one.figures.items() if number)
    nothing = "nothing to do" if one.outcome == "nothing_new" else "nothing arrived"
    size = (
        ""
        if one.size is None
        else f"; {counted(one.size, 'member')} by us before"
        if one.outcome == "planned"
        else f"; {counted(one.size, 'member')} by us"
    )
    yield line(_label(one.outcome), f"{what} of {one.account} to {one.destination}: {figures or nothing}{size}")
    for reason, number in one.refused.items():
        yield line("Refused", f"{number:,} × {reason}")
    for said in filter(None, (one.error, one.hint)):
        yield line("", said)
    for planned in one.sample:
        yield line("", clean(_planned(planned)))


def _figure(name: str, number: int) -> str:
    words = name.replace("_", " ")
    return (
        counted(number, words.removesuffix("s"), words)
        if words in {"files", "rows", "others"}
        else f"{number:,} {words}"
    )


def _label(outcome: str) -> str:
    return OUTCOMES[outcome].upper() if outcome in LOUD else OUTCOMES[outcome].capitalize()


def _planned(one: Planned) -> str:
    match one:
        case PlannedFile():
            return one.file
        case PlannedTicket():
            return f"{one.accepted_at} {one.conversation_id} ({one.channel}), {one.email}"
        case PlannedChange():
            sign = "+" if one.change == "add" else "−"
            return f"{sign} {one.profile_id} {one.name or one.email or ''}: {one.reason}"
        case PlannedMessage():
            past = " (starts nothing there)" if one.is_backfill else ""
            return f"{one.at} {one.name}, {one.profile_id}{past}"


def health_lines(found: Sequence[Health]) -> Iterator[RenderableType]:
    """A row for each delivery, and below it what should be looked at."""
    if not found:
        yield "Nothing is switched on: no account has [accounts.deliveries] in the settings (docs/deliveries.md)."
        return
    rows = []
    for one in found:
        size = "–" if one.size is None else f"{one.size:,}"
        last, outcome = utc_second(one.last_at) if one.last_at else "never", OUTCOMES.get(one.outcome or "", "–")
        cells = (one.account, one.destination, one.key or KINDS[one.kind], last, outcome)
        rows.append((*map(clean, cells), size, f"{one.waiting:,}", f"{one.refused:,}"))
    yield columns(rows, SPARE, right=("members", "waiting", "refused"))
    for one in found:
        yield from concern_lines(one)


def concern_lines(one: Health) -> Iterator[str]:
    """What of a delivery should be looked at; nothing where it is as it should be."""
    what = one.key or KINDS[one.kind]
    yield from (line("LOOK AT", f"{what} of {one.account} to {one.destination}: {why}") for why in one.concerns)


def dead_lines(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A message a line, and its reason below it."""
    for one in found:
        yield line(one["failed_at"][:10], f"{one['message_id']} of {one['account']} to {one['destination']}")
        yield line("", one["reason"])
    if found:
        yield line("Next", "mend the reason, then agent-metrics deliveries replay")
    else:
        yield "No message was refused."


def replayed_lines(number: int) -> Iterator[str]:
    """How many go again."""
    if number:
        yield f"{counted(number, 'message goes', 'messages go')} again with the next delivery."
    else:
        yield "No message was refused, so there is nothing to replay."
