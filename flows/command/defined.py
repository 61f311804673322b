"""What doctor says of the definitions of segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from flows import audiences
from flows.audiences import Found, Problem
from flows.command.finding import Finding
from flows.ground.errors import AgentMetricsError, InputError
from flows.ground.text import counted
from flows.jobs.segments import missing_folder
from flows.published.accounts import accounts
from flows.published.segments import NoSuchSegment
from flows.settings import Settings
from flows.warehouses import configured

REMEDY = "`agent-metrics segments check` names every line"


def of_unknown_accounts(settings: Settings, found: Sequence[Found]) -> list[Problem]:
    """Accounts of definitions that neither the publication nor the settings have; none where neither has any."""
    if not any(one.segment.accounts for one in found):
        return []
    known = {one.account_id for one in settings.accounts}
    with suppress(AgentMetricsError), configured(settings)[0].read() as reader:
        known |= {one.account_id for one in accounts(reader)}
    return list(audiences.of_unknown_accounts(found, known)) if known else []


def of_definition(settings: Settings, error: NoSuchSegment) -> InputError:
    """Why a segment that has a file is not published; the error as it is where there is no file."""
    found, problems = audiences.segments(settings.segments, shipped=settings.shipped_segments)
    one = next((one for one in found if one.key == error.key), None)
    if one is None:
        wrong = next((one for one in problems if one.key == error.key), None)
        return InputError(f"{error.what}; its definition is wrong: {wrong}", remedy=REMEDY) if wrong else error
    if one.segment.accounts and error.account not in {None, *one.segment.accounts}:
        names = ", ".join(one.segment.accounts)
        return InputError(f"{error.what}; its definition is for {names}", where=str(one.file), remedy=error.remedy)
    what = f"the segment {error.key!r} is defined, and no run has published it yet"
    return InputError(what, where=str(one.file), remedy="`agent-metrics run` builds it")


def defined(settings: Settings) -> Iterator[Finding]:
    """A build goes on with the last right version of a definition that is wrong, or without: here it is a problem."""
    missing = missing_folder(settings)
    if missing:
        yield Finding("segments", "warning", missing, "correct the setting, or make the folder")
    found, problems = audiences.segments(settings.segments, shipped=settings.shipped_segments)
    for one in problems:
        yield Finding("segments", "problem", str(one), REMEDY, is_configuration=True)
    unknown = of_unknown_accounts(settings, found)
    for one in unknown:
        yield Finding("segments", "warning", str(one), "correct the definition, or bring the account")
    if not problems and not missing and not unknown:
        yield Finding("segments", "ok", f"{counted(len(found), 'definition')}, all of them right")
