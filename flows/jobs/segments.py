"""The definitions of segments that count in a build, and what a run has to say of them."""

from __future__ import annotations

from flows import audiences
from flows.audiences import Found
from flows.engines.gather import account_ids
from flows.jobs.job import Job
from flows.settings import Settings


def counting(job: Job) -> tuple[list[Found], list[str]]:
    """The definitions that count, and sentences about those that are wrong or gone."""
    settings = job.settings
    found, problems = audiences.segments(settings.segments, shipped=settings.shipped_segments)
    return audiences.settled(found, problems, job.home.segments, missing_folder(settings))


def of_nobody(job: Job, found: list[Found]) -> list[str]:
    """Sentences about accounts of definitions that are not in the candidate."""
    if not any(one.segment.accounts for one in found):
        return []
    return list(map(str, audiences.of_unknown_accounts(found, account_ids(job.home))))


def missing_folder(settings: Settings) -> str | None:
    """What is wrong with the folder that the settings name; nothing with one that nobody named and nobody made."""
    if settings.segments.is_dir() or "segments" not in settings.model_fields_set:
        return None
    how = "is not a folder" if settings.segments.exists() else "does not exist"
    return f"{settings.segments}, which the setting segments names, {how}"
