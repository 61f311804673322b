"""What the doctor finds of the installation itself: Python, packages, and which extras there are."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

from flows.command.finding import Finding
from flows.ground.extras import DISTRIBUTION
from flows.ground.progress import Progress

PARTS = ("duckdb", "pyarrow", "dbt.cli.main", "dbt.adapters.duckdb", "great_expectations")
PARTS_OF_EXTRAS = {
    "dashboard": ("starlette", "uvicorn", "babel"),
    "notebook": ("marimo",),
    "prefect": ("prefect",),
    "serve": ("mcp.server",),
}
FOR_DEVELOPERS = "dev"
REMEDY = "install customer-agent-metrics again"


def installation(progress: Progress) -> Iterator[Finding]:
    """Look at Python and at the installed packages. An extra that is not installed is not a problem."""
    yield from _python()
    present = {name: wanted for name, wanted in _extras().items() if all(_version(one) for one in wanted)}
    yield from _versions([*_required(""), *(one for wanted in present.values() for one in wanted)])
    yield Finding("extras", "ok", _shown(set(present)))
    parts = [*PARTS, *(part for extra in sorted(present) for part in PARTS_OF_EXTRAS.get(extra, ()))]
    yield from _parts(parts, progress)


def _python() -> Iterator[Finding]:
    running = ".".join(str(part) for part in sys.version_info[:3])
    wanted = metadata.metadata(DISTRIBUTION)["Requires-Python"]
    if Requirement(f"python{wanted}").specifier.contains(running):
        yield Finding("python", "ok", running)
    else:
        yield Finding("python", "problem", f"{running} is not {wanted}", "make the environment with another Python")


def _versions(wanted: list[Requirement]) -> Iterator[Finding]:
    wrong = []
    for requirement in wanted:
        installed = _version(requirement)
        if installed is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} is {installed}, not {requirement.specifier}")
    yield from (Finding("versions", "problem", what, REMEDY) for what in wrong)
    if not wrong:
        yield Finding("versions", "ok", f"{DISTRIBUTION} {metadata.version(DISTRIBUTION)} and all that it requires")


def _extras() -> dict[str, list[Requirement]]:
    """What each extra for users adds."""
    names = metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    return {name: _required(name) for name in names if name != FOR_DEVELOPERS}


def _required(extra: str) -> list[Requirement]:
    """What the package requires here, of that only what `extra` adds to it; '' is the package alone."""
    every = [Requirement(text) for text in metadata.requires(DISTRIBUTION) or []]
    alone = [one for one in every if _is_wanted(one, "")]
    return [one for one in every if _is_wanted(one, extra) and one not in alone] if extra else alone


def _is_wanted(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _version(requirement: Requirement) -> str | None:
    try:
        return metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return None


def _shown(present: set[str]) -> str:
    absent = _extras().keys() - present
    parts = {"installed": present, "not installed": absent}
    return "; ".join(f"{state}: {', '.join(sorted(names))}" for state, names in parts.items() if names)


def _parts(parts: list[str], progress: Progress) -> Iterator[Finding]:
    for part in parts:
        progress.advance(0, what=f"importing {part}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(part)
        except Exception as error:  # a part may break on import in any way; the finding names it
            what = f"{part} cannot be imported ({type(error).__name__}: {error})"
            yield Finding("parts", "problem", what, REMEDY)
        else:
            yield Finding("parts", "ok", part)
