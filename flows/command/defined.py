"""What doctor says of the definitions of segments."""

from __future__ import annotations

from collections.abc import Iterator

from flows.audiences import segments
from flows.command.finding import Finding
from flows.ground.text import counted
from flows.settings import Settings

REMEDY = "`agent-metrics segments check` names every line"


def missing_folder(settings: Settings) -> str | None:
    """What is wrong with the folder that the settings name; nothing with one that nobody named and nobody made."""
    if settings.segments.is_dir() or "segments" not in settings.model_fields_set:
        return None
    how = "is no folder" if settings.segments.exists() else "does not exist"
    return f"{settings.segments}, which the setting segments names, {how}"


def defined(settings: Settings) -> Iterator[Finding]:
    """A build goes on with the last right version of a definition that is wrong, or without: here it is a problem."""
    missing = missing_folder(settings)
    if missing:
        yield Finding("segments", "warning", missing, "correct the setting, or make the folder")
    found, problems = segments(settings.segments, shipped=settings.shipped_segments)
    for one in problems:
        yield Finding("segments", "problem", str(one), REMEDY, is_configuration=True)
    if not problems and not missing:
        yield Finding("segments", "ok", f"{counted(len(found), 'definition')}, all of them right")
