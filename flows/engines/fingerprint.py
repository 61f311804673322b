"""Says whether a build computes what the build before it computed, so that history is rebuilt where it does not.

The fingerprint changes with
- the SQL and the Jinja of models and macros, without comments and layout (tokens.py), for the engine that builds;
- what their yml and dbt_project.yml configure, and the profile of the engine;
- the contract, but for its sentences;
- the versions of dbt and of the engine: an upgrade rebuilds by itself;
- `VERSION`, for this folder's own SQL and types.

It does not change with comments, descriptions, unit tests and what MetricFlow asks of published tables
(models/semantic). How questions are grouped has versions of its own (flows/questions/versions.py). What was mapped at
the door stays in the lake as it was mapped, so the mapping is not part of it either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

import contract
import dbt_project

PROJECT = Path(dbt_project.__file__).parent
CONTRACT = Path(contract.__file__).parent
SEMANTIC = "semantic"  # the folder of models that no build knows of
VERSION = 3  # of what this folder lays for the models; raised by hand, tests/engines/test_laid.py tells when
OTHER = {"duckdb": "spark", "spark": "duckdb"}
PACKAGES = {
    "duckdb": ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb"),
    "spark": ("dbt-core", "dbt-adapters", "dbt-spark", "pyspark"),
}
LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
# What in a yml no table is computed from: kinds of entries, and parts of an entry.
NO_TABLE = {"unit_tests", "data_tests", "exposures", "semantic_models", "metrics", "saved_queries"}
NO_ROW = {"description", "label", "docs", "data_tests", "tests", "freshness"} | {
    "loader", "loaded_at_field", "loaded_at_query"
}  # fmt: skip


def of_project(engine: str) -> str:
    """The fingerprint of all that decides what `engine` computes."""
    from flows.engines import tokens  # noqa: PLC0415  Jinja is needed where the project's text is another one

    parts = [
        *_versions(engine),
        *(f"{name}:{tokens.of_model(text)}" for name, text in _texts("models", ".sql")),
        *(
            f"{name}:{tokens.of_macros(text, OTHER[engine])}"
            for name, text in _texts("macros", ".sql")
            if OTHER[engine] not in Path(name).parts
        ),
        *sorted(_entries()),
        *_configured(engine),
        *map(_promised, [*contract.landing().values(), *contract.metrics().values()]),
        str(contract.version()),
    ]
    return digest(parts)


def of_text(engine: str) -> str:
    """The fingerprint of the same files as they stand, which is quicker: where it stayed, `of_project` did."""
    files = [*_texts("models", ".sql", ".yml"), *_texts("macros", ".sql")]
    single = [CONTRACT / "landing.yml", CONTRACT / "metrics.yml", PROJECT / "dbt_project.yml", PROJECT / "profiles.yml"]
    texts = [f"{name}:{text}" for name, text in files] + [file.read_text("utf-8") for file in single]
    return digest([*_versions(engine), *texts])


def digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _versions(engine: str) -> list[str]:
    return [engine, str(VERSION), *map(version, PACKAGES[engine])]


def _texts(folder: str, *endings: str) -> Iterator[tuple[str, str]]:
    """The files of a folder of the project: their path below the project, and their text."""
    for file in sorted((PROJECT / folder).rglob("*")):
        if file.suffix in endings and file.parent != PROJECT / "models" / SEMANTIC:
            yield file.relative_to(PROJECT).as_posix(), file.read_text("utf-8")


def _entries() -> Iterator[str]:
    """What the yml of the models says that tables are computed from, in whichever file of a folder it stands."""
    for name, text in _texts("models", ".yml"):
        yield from (f"{Path(name).parent}/{entry}" for entry in _entries_of(text))


@cache  # a process that builds again, as a worker does, reads what is another text
def _entries_of(text: str) -> tuple[str, ...]:
    kinds = (yaml.load(text, LOADER) or {}).items()  # noqa: S506  a safe loader
    return tuple(f"{kind}:{entry!r}" for kind, entries in kinds if kind not in NO_TABLE for entry in _bare(entries))


def _bare(node: Any) -> Any:
    """A part of a yml without what no row is computed from; what then only has a name is left out of its list."""
    if isinstance(node, dict):
        bare = {key: node[key] if key in {"config", "meta"} else _bare(node[key]) for key in sorted(node, key=str)}
        return {key: value for key, value in bare.items() if key not in NO_ROW and value != []}
    if isinstance(node, list):
        return [one for one in map(_bare, node) if not (isinstance(one, dict) and one.keys() == {"name"})]
    return node


def _configured(engine: str) -> list[str]:
    """What dbt_project.yml says of tables, and the profile of the engine."""
    project = yaml.load((PROJECT / "dbt_project.yml").read_text("utf-8"), LOADER)  # noqa: S506  a safe loader
    profiles = yaml.load((PROJECT / "profiles.yml").read_text("utf-8"), LOADER)  # noqa: S506
    del project["version"], project["semantic-models"], project["metrics"]
    del project["models"][project["name"]][SEMANTIC]
    profile = profiles[project["profile"]]["outputs"][engine]
    return [repr(_bare(project)), repr(_bare({key: profile[key] for key in profile if key != "threads"}))]


def _promised(table: contract.Table) -> str:
    """A table of the contract without its sentences."""
    columns = tuple(replace(column, about="") for column in table.columns)
    return repr(replace(table, about="", columns=columns))
