"""The commands that work on the home: pull, build, check, publish, and what goes with them."""

from __future__ import annotations

import os
import shutil

import typer

from flows import jobs
from flows.command import report_shown, summary
from flows.command.console import Console
from flows.command.documents import result_document
from flows.command.options import command
from flows.command.reconciliation_shown import reconciliation_lines
from flows.command.start import BUILD, CHECK, COMPACT, PUBLISH, PULL, RECONCILE, RUN, start
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.jobs import Result
from flows.published.recent import recent_reports
from flows.settings.requests import (
    BuildRequest,
    CheckRequest,
    CompactRequest,
    PublishRequest,
    PullRequest,
    ReconcileRequest,
    RollbackRequest,
    RunRequest,
    WarehouseRequest,
)
from flows.warehouses import configured

DEMO_AS_OF = "2026-06-07T12:00:00Z"

app = typer.Typer(add_completion=False)


@command(app, RunRequest)
def run(request: RunRequest, console: Console) -> int:
    """The main job: pull, build, check and publish what passed."""
    return shown(console, start(console, RUN, request))


@command(app, PullRequest)
def pull(request: PullRequest, console: Console) -> int:
    """Load what the sources have that is new."""
    return shown(console, start(console, PULL, request))


@command(app, BuildRequest)
def build(request: BuildRequest, console: Console) -> int:
    """Derive the candidate from what was loaded."""
    return shown(console, start(console, BUILD, request))


@command(app, CheckRequest)
def check(request: CheckRequest, console: Console) -> int:
    """Check the whole candidate."""
    return shown(console, start(console, CHECK, request))


@command(app, PublishRequest)
def publish(request: PublishRequest, console: Console) -> int:
    """Publish the candidate that passed."""
    return shown(console, start(console, PUBLISH, request))


@command(app, CompactRequest)
def compact(request: CompactRequest, console: Console) -> int:
    """Rewrite the small files of many loads into few large files."""
    return shown(console, start(console, COMPACT, request))


@command(app, ReconcileRequest)
def reconcile(request: ReconcileRequest, console: Console) -> int:
    """Compare what a source itself reports of a range of dates with our figures, and publish both."""
    result = start(console, RECONCILE, request)
    console.show(result_document(result), [*summary.what_was_done(result), *reconciliation_lines(result)])
    return result.exit_status


@command(app, RollbackRequest)
def rollback(request: RollbackRequest, console: Console) -> int:
    """Bring an earlier publication back and hold further ones."""
    with console.working() as progress:
        result = jobs.rollback(request, progress=progress)
    return shown(console, result)


@command(app, WarehouseRequest)
def demo(request: WarehouseRequest, console: Console) -> int:
    """Write a demo shop and run the main job on it."""
    from flows.demo import write_shop  # noqa: PLC0415  only this command needs it

    settings = request.settings()
    home = Home(settings.home)
    shop = home.root / "shop"
    if home.lake.exists() and not shop.exists():
        raise InputError("this home holds other data", where=str(home.root), remedy="give the demo a --home of its own")
    if not shop.exists():
        console.say("Writing the demo shop …")
        unfinished = home.root / ".shop.tmp"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_shop(unfinished)
        os.replace(unfinished, shop)  # a shop that is there is whole
    told = {**request.model_dump(), "home": str(home.root), "source": ["files"], "path": str(shop), "as_of": DEMO_AS_OF}
    result = start(console, RUN, RunRequest(**told))
    while result.ungrouped_accounts:  # a slow machine had no time for all questions: the next run goes on
        result = start(console, RUN, RunRequest(**told))
    with result.shows(configured(settings)).read() as reader:
        figures = recent_reports(reader)
    lines = [
        *summary.what_was_done(result),
        "",
        *report_shown.key_figures(figures),
        "",
        *summary.after_demo(figures, home.root),
    ]
    console.show({**result_document(result), "figures": [one.to_json_dict() for one in figures]}, lines)
    return result.exit_status


def shown(console: Console, result: Result) -> int:
    """Show what a job did; its exit status."""
    console.show(result_document(result), summary.summary(result))
    return result.exit_status
