"""What people read after a job: what was done, what was refused and why, and the next command to run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from expectations.verdict import Outcome, Verdict
from flows.command.lines import counts, home_option, line
from flows.ground.build import Build
from flows.ground.home import Home
from flows.ground.text import clean, counted
from flows.jobs import Closed, Result
from flows.lake.compaction import Compacted
from flows.lake.manifests import HOW_TO_MEND
from flows.published.report import Report
from flows.sources.pulled import Pulled, PulledAccount, PulledFiles

EXAMPLES = 5
SAMPLE_ROWS = 3


def summary(result: Result) -> Iterator[str]:
    """The lines of a verb or a run, the next command at their end."""
    yield from what_was_done(result)
    if (command := _next_command(result)) is not None:
        yield line("Next", f"agent-metrics {command}{home_option(result.home)}")


def what_was_done(result: Result) -> Iterator[str]:
    """The lines of a verb or a run."""
    home = Home(result.home)
    for pulled in result.pulled:
        yield from _pulled(pulled)
    for one in result.unread:
        yield line("NOT READ", f"{one.source}: {one.error}")
    for damage in result.damaged:
        yield line("DAMAGED", damage.sentence())
    if result.damaged:
        yield line("", f"the lake needs mending: {HOW_TO_MEND}")
    if result.build and result.outcome != "rolled_back":
        yield from _built(result.build)
    if result.ungrouped_accounts:
        waiting = f"questions of {', '.join(map(clean, result.ungrouped_accounts))} wait to be grouped"
        yield line("Left", f"{waiting} (topics.longest_wait_seconds); the next run goes on")
    if result.checked:
        yield from _checked(result, result.checked.verdict)
        if result.build and not result.build.is_untouched(home):
            remedy = "build it again: agent-metrics build --full-refresh"
            yield line("Warning", f"somebody has written to the candidate since it was built; {remedy}")
    if result.compacted:
        yield from _compacted(result.compacted)
        return
    yield from _ended(result, home)


def _pulled(one: Pulled) -> Iterator[str]:
    what = f"from {one.source}"
    if isinstance(one, PulledAccount):
        what = f"from {one.source} ({one.account})"
    elif isinstance(one, PulledFiles):
        what = f"{counted(one.files_loaded, 'file')} from {one.source}, {one.files_unchanged:,} unchanged"
    yield line("Loaded", f"{what}; {counted(sum(one.rows.values()), 'row')}{counts(one.rows)}")
    if isinstance(one, PulledAccount) and one.first_load:
        until = f", it should be over at {one.first_load.over_at}" if one.first_load.over_at else ""
        yield line("First load", f"{one.first_load.share:.1%} of it is done, newest first; the next run goes on{until}")
    if refused := sum(one.refused.values()):
        where = "they stand in metrics.rejected_rows, e.g."
        yield line("Refused", f"{counted(refused, 'row')}{counts(one.refused)}; {where}")
        yield from (line("", example) for example in one.refusals[:EXAMPLES])
    for table, columns in one.ignored_columns.items():
        yield line("Ignored", f"columns of {table} that the contract does not know: {', '.join(columns)}")
    if one.unknown_fields:
        fields = f"fields of {one.source} that its description does not have, not read"
        yield line("Unknown", f"{fields}{counts(one.unknown_fields)}")
    yield from (line("Warning", warning) for warning in one.warnings)


def _built(build: Build) -> Iterator[str]:
    how = build.mode if build.changed else "nothing changed since the last build"
    yield line("Built", f"as of {build.as_of}, {how}; data up to {build.data_up_to or 'nothing yet'}")
    if build.changed and build.anew_because:
        yield line("", f"everything was built anew, because {build.anew_because}")
    if build.refused_orders:
        refused = f"{counted(build.refused_orders, 'order')} in another currency than the account's"
        yield line("Refused", f"{refused}; they stand in metrics.rejected_rows, e.g.")
        yield from (line("", example) for example in build.order_refusals)
    yield from (line("Warning", one) for one in build.new_words)
    yield from (line("Warning", f"segments: {one}") for one in build.segment_problems)
    if build.changed and build.unmatched_tickets:
        tickets = counted(build.row_counts["tickets"], "ticket")
        yield line("Unmatched", f"{build.unmatched_tickets:,} of {tickets}; their conversation is not known (rule 4.4)")
    if held_back := sum(build.held_back.values()):
        waiting = "whose parent is not known yet"
        yield line("Held back", f"{counted(held_back, 'row')} {waiting}{counts(build.held_back)}")


def _checked(result: Result, verdict: Verdict) -> Iterator[str]:
    yield line("Checked", f"{verdict.passed} of {verdict.total} checks passed (scope {verdict.scope})")
    for one in result.not_passed():
        if not one.closes_the_gate:
            yield line("Warning", f"{one.name} ({one.table}): {counted(one.rows, 'row')}")


def _compacted(done: Compacted) -> Iterator[str]:
    if done.rows_written:
        files = (
            f"{done.rows_written:,} rows of {counted(done.loads, 'load')} into {counted(done.files_written, 'file')}"
        )
        yield line("Compacted", f"{files}; {done.manifests_before:,} manifests are now {done.manifests_after:,}")
    else:
        yield line("Compacted", f"nothing to do, the lake has {counted(done.manifests_after, 'manifest')}")
    if done.files_deleted:
        yield line("Deleted", f"{counted(done.files_deleted, 'file')} that were rewritten")
    if done.waiting:
        waiting = "may still be read by a run; the next compaction deletes them"
        yield line("Waiting", f"{counted(done.waiting, 'file')} {waiting}")


def _ended(result: Result, home: Home) -> Iterator[str]:
    publication = result.publication
    named = publication.publication_id if publication else ""
    shown_in = " and ".join(one.warehouse for one in result.warehouses if not one.error)
    sent_to = " and ".join(one.warehouse for one in result.warehouses if one.sent)
    match result.outcome:
        case "published":
            yield line("Published", f"{named} to {shown_in}")
        case "nothing_new" if publication:
            yield line("Published", f"{'' if sent_to else 'nothing new; '}{named} stands in {shown_in}")
            if sent_to:
                yield line("Caught up", f"{sent_to}; the publication itself is not new")
        case "nothing_new":
            yield line("Done", "nothing new")
        case "held":
            yield "PUBLICATIONS ARE HELD, because somebody went back to an earlier publication; nothing was published."
            yield line("Stands", f"{named} in {shown_in}")
        case "rolled_back":
            restored = publication.restores_publication_id if publication else None
            yield line("Went back", f"to {restored}, now published as {named}")
            yield "Further publications are held until you resume them."
        case "checked":
            yield line("Page", home.check_page)
    for one in result.warehouses:
        if sent := one.sent:
            whole = ", everything" if sent.is_whole else ""
            what = f"{sent.rows:,} rows and {sent.keys:,} keys, {sent.bytes / 2**20:,.1f} MiB{whole}"
            yield line("Sent", f"{what}, to {one.warehouse}")
    for one in result.behind():
        yield line("BEHIND", f"{one.warehouse}; the next run catches it up: {one.error}")


def _next_command(result: Result) -> str | None:
    following = {
        "pulled": "build",
        "built": "check",
        "checked": "publish",
        "published": "status",
        "held": "publish --resume",
        "rolled_back": "publish --resume",
    }
    return following.get(result.outcome)


def closed_gate(closed: Closed) -> Iterator[str]:
    """The checks that closed the gate, some rows of each, and how to look at all of them."""
    home = Home(closed.result.home)
    yield from what_was_done(closed.result)
    for one in closed.result.not_passed():
        if not one.closes_the_gate:
            continue
        rule = f", rule {one.rule}" if one.rule else ""
        yield f"\n{one.name} ({one.table}{rule}): {_verdict(one)}"
        yield from (f"    {clean(row)}" for row in one.sample[:SAMPLE_ROWS])
        yield "\n".join(f"    {clean(text)}" for text in one.sql.strip().splitlines())
    yield "\nTo look at all of these rows, paste the SQL into the `duckdb` command, or into Python:"
    yield '    import duckdb; duckdb.sql("""…""").show(max_rows=1000)\n'
    yield line("Page", home.check_page)
    publication = closed.result.publication
    standing = publication.publication_id if publication else "nothing is published yet"
    yield line("Stands", f"{standing}; nothing has changed for readers")


def _verdict(outcome: Outcome) -> str:
    if outcome.outcome == "error":
        return f"could not run: {clean(outcome.error)}"
    return f"failed, {counted(outcome.rows, 'row')}"


def after_demo(reports: list[Report], root: Path) -> Iterator[str]:
    """The next command to try, with the first account that the demo has."""
    one = reports[0]
    dates = f"--from {one.first} --to {one.last}"
    yield line("Next", f"agent-metrics report --account {shlex.quote(one.account)} {dates}{home_option(root)}")
