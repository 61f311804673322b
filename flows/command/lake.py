"""The commands `agent-metrics lake …`: whether the lake is what was written, and mending it."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from flows import jobs
from flows.command.console import Console
from flows.command.lines import line
from flows.command.options import command
from flows.ground.errors import LakeDamaged
from flows.jobs import Verified
from flows.lake.manifests import HOW_TO_MEND
from flows.lake.repair import Mended, Outcome
from flows.settings.requests import RepairRequest, VerifyRequest

app = typer.Typer(help="Find damage of the lake, and mend it.", add_completion=False)

WORDS: dict[Outcome, str] = {
    "counted again": "the rows are there; the manifest was put together again",
    "read again": "the delivered file was read again",
    "asked again": "the next pull asks the source for all that it still has",
    "lost": "no source can be asked for these rows",
}


@command(app, VerifyRequest)
def verify(request: VerifyRequest, console: Console) -> int:
    """Compare every file of the lake with the checksum of what was written."""
    with console.working() as progress:
        found = jobs.verify(request, progress)
    status = LakeDamaged.exit_status if found.damaged else 0
    damaged = [one.to_json_dict() for one in found.damaged]
    document = {"damaged": damaged, "files_without_checksum": found.unknown, "exit_status": status}
    console.show(document, _verified(found))
    return status


@command(app, RepairRequest)
def repair(request: RepairRequest, console: Console) -> int:
    """Mend the lake: have sources give again what they can, and name what is lost."""
    with console.working() as progress:
        done = jobs.repair(request, progress)
    status = LakeDamaged.exit_status if any(one.outcome == "lost" for one in done) else 0
    console.show({"mended": [one.to_json_dict() for one in done], "exit_status": status}, _mended(done))
    return status


def _verified(found: Verified) -> Iterator[str]:
    yield from (line("DAMAGED", one.sentence()) for one in found.damaged)
    if found.damaged:
        yield line("", HOW_TO_MEND)
    else:
        yield line("Verified", "every file of the lake that has a checksum is what was written")
    if found.unknown:
        why = "have no checksum, as an earlier version wrote them; their rows were counted"
        yield line("Unknown", f"{found.unknown:,} files {why}")


def _mended(done: list[Mended]) -> Iterator[str]:
    for one in done:
        yield line("LOST" if one.outcome == "lost" else "Mended", f"{one.damage.sentence()}: {WORDS[one.outcome]}")
    if done:
        yield line("Next", "agent-metrics run, which builds everything anew")
    else:
        yield line("Done", "the lake is not damaged")
