"""What people read after a command: what was done, what was refused and why, and the next command to run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from flows.command.status import Status
from flows.ground.clock import utc_text
from flows.ground.home import Home
from flows.ground.text import clean, counted
from flows.jobs.stages import Closed, Result, closes
from flows.published.reconciliation import REASONS, TABLE
from flows.published.report import Report

EXAMPLES = 5
SAMPLE_ROWS = 3


def summary(result: Result) -> Iterator[str]:
    """The lines of a stage or a run, the next command at their end."""
    yield from what_was_done(result)
    if (command := _next_command(result)) is not None:
        yield _line("Next", f"agent-metrics {command}{_shown_home(result.home)}")


def what_was_done(result: Result) -> Iterator[str]:
    """The lines of a stage or a run."""
    home = Home(result.home)
    for one in result.pull:
        yield from _pulled(one)
    for one in result.unread:
        yield _line("NOT READ", f"{one['source']}: {one['error']}")
    if result.build and result.outcome != "rolled_back":
        yield from _built(result.build)
    if result.check:
        yield from _checked(result)
    if result.compact:
        yield from _compacted(result.compact)
        return
    yield from _ended(result, home)


def _pulled(one: dict[str, Any]) -> Iterator[str]:
    rows = sum(one["rows"].values())
    if "account" in one:
        what = f"from {one['source']} ({one['account']})"
    else:
        what = f"{one['files_loaded']:,} files from {one['source']}, {one['files_unchanged']:,} unchanged"
    yield _line("Loaded", f"{what}; {rows:,} rows{_counts(one['rows'])}")
    if first := one.get("first_load"):
        until = f", it should be over at {first['over_at']}" if first["over_at"] else ""
        yield _line("First load", f"{first['share']:.1%} of it is done, newest first; the next run goes on{until}")
    if refused := sum(one["refused"].values()):
        yield _line("Refused", f"{refused:,} rows{_counts(one['refused'])}; they stand in metrics.rejected_rows, e.g.")
        yield from (_line("", example) for example in one["refusals"][:EXAMPLES])
    for table, columns in one["ignored_columns"].items():
        yield _line("Ignored", f"columns of {table} that the contract does not know: {', '.join(columns)}")
    yield from (_line("Warning", warning) for warning in one["warnings"])


def _built(build: dict[str, Any]) -> Iterator[str]:
    how = build["mode"] if build.get("changed") else "nothing changed since the last build"
    yield _line("Built", f"as of {build['as_of']}, {how}; data up to {build['data_up_to'] or 'nothing yet'}")
    if held_back := sum(build["held_back"].values()):
        yield _line("Held back", f"{held_back:,} rows whose parent is not known yet{_counts(build['held_back'])}")


def _checked(result: Result) -> Iterator[str]:
    check = result.check or {}
    yield _line("Checked", f"{check['passed']} of {check['total']} checks passed (scope {check['scope']})")
    for one in result.not_passed():
        if not closes(one):
            yield _line("Warning", f"{one['name']} ({one['table']}): {one['rows']:,} rows")


def _compacted(done: dict[str, Any]) -> Iterator[str]:
    if done["rows_written"]:
        files = f"{done['rows_written']:,} rows of {done['loads']:,} loads into {done['files_written']:,} files"
        yield _line("Compacted", f"{files}; {done['manifests_before']:,} manifests are now {done['manifests_after']:,}")
    else:
        yield _line("Compacted", f"nothing to do, there are {done['manifests_after']:,} manifests")
    if done["files_deleted"]:
        yield _line("Deleted", f"{done['files_deleted']:,} files that were rewritten")
    if done["waiting"]:
        yield _line(
            "Waiting", f"{done['waiting']:,} files may still be read by a run; the next compaction deletes them"
        )


def _ended(result: Result, home: Home) -> Iterator[str]:
    publication = result.publication or {}
    shown_in = " and ".join(one["warehouse"] for one in result.warehouses if "error" not in one)
    match result.outcome:
        case "published":
            yield _line("Published", f"{publication['publication_id']} to {shown_in}")
        case "nothing_new" if publication:
            yield _line("Published", f"nothing new; {publication['publication_id']} stands in {shown_in}")
        case "nothing_new":
            yield _line("Done", "nothing new")
        case "held":
            yield "PUBLICATIONS ARE HELD, because somebody went back to an earlier one; nothing was published."
            yield _line("Stands", f"{publication['publication_id']} in {shown_in}")
        case "rolled_back":
            restored = publication["restores_publication_id"]
            yield _line("Went back", f"to {restored}, now published as {publication['publication_id']}")
            yield "Further publications are held until you resume them."
        case "checked":
            yield _line("Page", home.check_page)
    for one in result.warehouses:
        if "rows" in one:
            whole = ", everything" if one["is_whole"] else ""
            what = f"{one['rows']:,} rows and {one['keys']:,} keys, {one['bytes'] / 2**20:,.1f} MiB{whole}"
            yield _line("Sent", f"{what}, to {one['warehouse']}")
    for one in result.behind():
        yield _line("BEHIND", f"{one['warehouse']}; the next run catches it up: {one['error']}")


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
        if not closes(one):
            continue
        rule = f", rule {one['rule']}" if one["rule"] else ""
        yield f"\n{one['name']} ({one['table']}{rule}): {_verdict(one)}"
        yield from (f"    {clean(row)}" for row in one["sample"][:SAMPLE_ROWS])
        yield "\n".join(f"    {clean(line)}" for line in str(one["sql"]).strip().splitlines())
    yield "\nTo look at all of these rows, paste the SQL into the `duckdb` command, or into Python:"
    yield '    import duckdb; duckdb.sql("""…""").show(max_rows=1000)\n'
    yield _line("Page", home.check_page)
    standing = (closed.result.publication or {}).get("publication_id", "nothing is published yet")
    yield _line("Stands", f"{standing}; nothing has changed for readers")


def _verdict(outcome: dict[str, Any]) -> str:
    if outcome["outcome"] == "error":
        return f"could not run: {clean(outcome['error'])}"
    return f"failed, {outcome['rows']:,} rows"


def after_demo(reports: list[Report], root: Path) -> Iterator[str]:
    """The next command to try, with the first account that the demo has."""
    one = reports[0]
    dates = f"--from {one.first} --to {one.last}"
    yield _line("Next", f"agent-metrics report --account {shlex.quote(one.account)} {dates}{_shown_home(root)}")


def reconciliation_lines(result: Result) -> Iterator[RenderableType]:
    """Our figures beside those that the sources report, and what the differences are likely to come from."""
    by_account: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in result.reconciliation or []:
        by_account.setdefault((row["account_id"], row["source"]), []).append(row)
    for (account, source), rows in by_account.items():
        dates = f"{rows[0]['first_on']} to {rows[0]['last_on']}"
        yield f"\n{clean(account)}, {dates}, {clean(source)} asked at {rows[0]['reported_at']}\n"
        table = Table(box=None, pad_edge=False)
        table.add_column("figure")
        for heading in ("ours", clean(source), "difference"):
            table.add_column(heading, justify="right")
        table.add_column("likely reason")
        for row in rows:
            of = [row["statistic"].replace("_", " "), *filter(None, (row["channel"], row["status"], row["skill"]))]
            amounts = [_amount(row, name) for name in ("ours", "theirs", "difference")]
            table.add_row(clean(", ".join(of)), *amounts, _reason(row))
        yield table
    found = {row["likely_reason"] for rows in by_account.values() for row in rows} - {None}
    yield ""
    yield from (_line(reason, REASONS[reason]) for reason in REASONS if reason in found)
    if by_account:
        differing = sum(row["likely_reason"] is not None for rows in by_account.values() for row in rows)
        yield _line("Differ", f"{differing} of {sum(map(len, by_account.values()))}; all stand in metrics.{TABLE}")


def _amount(row: dict[str, Any], name: str) -> str:
    value = row[name]
    if value is None:
        return "–"
    if row["statistic"] != "resolution_rate":
        return f"{value:+,}" if name == "difference" and value else f"{value:,}"
    return f"{100 * value:+.2f} points" if name == "difference" and value else f"{value:.2%}"


def _reason(row: dict[str, Any]) -> str:
    """The reason, and the figure that shows it."""
    evidence = {
        "time_zone": ("ours_on_utc_dates", "on the dates of UTC"),
        "definition": ("ours_by_their_definition", "as they count"),
    }
    name, words = evidence.get(row["likely_reason"], ("theirs", ""))
    return f"{row['likely_reason'] or ''}{f', {_amount(row, name)} {words}' if words and row[name] is not None else ''}"


def status_lines(status: Status) -> Iterator[str]:
    """What stands in a home and its warehouses."""
    home = Home(Path(status.home))
    if status.published is None:
        yield f"Nothing is published yet in {status.home}."
    else:
        one, minutes = status.published, (status.age_seconds or 0) // 60
        shown_in = " and ".join(one.warehouse for one in status.warehouses if not one.is_behind and not one.error)
        age = f"{counted(minutes, 'minute')} ago"
        yield _line("Published", f"{one.publication_id}, {age}, in {shown_in or 'no other warehouse'}")
        yield _line("", f"as of {utc_text(one.as_of)}, data up to {utc_text(one.data_up_to) or 'nothing yet'}")
        publications = counted(status.publications, "publication")
        yield _line("", f"{one.checks_passed} of {one.checks_total} checks passed; {publications}")
    for warehouse in status.warehouses:
        if warehouse.is_behind or warehouse.error:
            stands = f"stands at {warehouse.publication_id or 'nothing'}; the next run catches it up"
            why = f": {warehouse.error}" if warehouse.error else ""
            yield _line("BEHIND" if warehouse.is_behind else "NO ANSWER", f"{warehouse.warehouse} {stands}{why}")
    if status.is_held:
        yield "PUBLICATIONS ARE HELD, because somebody went back to an earlier one."
        yield _line("Next", f"agent-metrics publish --resume{_shown_home(home.root)}")
    for rejected in status.rejected_rows:
        yield _line("Refused", f"{rejected.rows:,} rows of {rejected.table}{', mostly' if rejected.reasons else ''}")
        yield from (_line("", f"{rows:,} × {reason}") for reason, rows in rejected.reasons)
    if candidate := status.candidate:
        published = "published" if candidate.is_published else "not published"
        yield _line("Candidate", f"{candidate.build_id}, as of {candidate.as_of}, {published}; gate {candidate.gate}")
        for check in candidate.failed_checks:
            yield _line("", f"{check.name} ({check.table}): {check.outcome}, {check.rows:,} rows")
        if sum(candidate.held_back.values()):
            yield _line("Held back", f"rows whose parent is not known yet{_counts(candidate.held_back)}")


def _shown_home(root: Path) -> str:
    """The option that names the home again in a command to copy; nothing for the usual one."""
    return "" if root == Path(".agent-metrics") else f" --home {shlex.quote(str(root))}"


def _line(label: str, text: object) -> str:
    return f"{label:<10} {clean(text)}"


def _counts(rows: Mapping[str, int]) -> str:
    parts = [f"{table} {number:,}" for table, number in rows.items() if number]
    return f" ({', '.join(parts)})" if parts else ""
