"""The statements that dbt has made of the models, kept so that they are carried out again without it.

To import dbt and to have it write the same SQL again takes longer than the SQL of a small delivery. The SQL stays as
long as the project does (fingerprint.py): what a run asks for stands in tables, such as `lake.run`. Only the queries
of definitions differ from run to run, so a statement has holes for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.engines import fingerprint
from flows.engines.dbt import Ran
from flows.ground.home import Home, write_durably

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

FORM = 3  # of the file and of what is laid; raised by hand
KEPT = 8  # states of the project, each in one way to build
DOES = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:create|drop|alter|comment|insert|delete|update)\b", re.DOTALL)

_known: dict[str, Statements] = {}  # what this process has kept or read


@dataclass(frozen=True)
class Laid:
    """What the engine has laid for this run and dbt writes into the SQL: queries, by their place.

    Around them it always writes the same. `instants` are texts that stand in queries alone.
    """

    queries: tuple[str, ...]
    instants: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """A model as dbt carries it out in one way to build: all from the lake, or only what changed.

    `reads` are models. `changed_by` is the set of changes whose rows it replaces, and nothing else: where the set is
    empty there is nothing to do. `sql` are its statements, in parts: a text, or the place of a query that is laid. It
    is None where dbt has not carried the model out yet.
    """

    name: str
    schema: str
    reads: tuple[str, ...]
    counts_questions: bool
    is_view: bool
    changed_by: str | None = None
    sql: tuple[tuple[str | int, ...], ...] | None = None

    def statements(self, laid: Laid) -> Iterator[str]:
        for parts in self.sql or ():
            yield "".join(part if isinstance(part, str) else laid.queries[part] for part in parts)


@dataclass(frozen=True)
class Half:
    """The models that are carried out before questions are grouped, or after it; each after those in `before`."""

    models: Mapping[str, Model]
    before: Mapping[str, Collection[str]]
    is_full: bool


@dataclass(frozen=True)
class Statements:
    """Those of all models, for one state of the project and one way to build, which `key` names."""

    key: str
    is_full: bool
    models: Mapping[str, Model] = field(default_factory=dict)

    def half(self, *, counts_questions: bool, without: Collection[str], with_views: bool) -> Half | None:
        """One of the two halves of a build; None where dbt has not carried all of its models out yet."""
        chosen = {
            name: one
            for name, one in self.models.items()
            if one.counts_questions == counts_questions and name not in without and (with_views or not one.is_view)
        }
        if not chosen or any(one.sql is None for one in chosen.values()):
            return None

        @cache
        def before(name: str) -> frozenset[str]:
            return frozenset[str]().union(*map(reached, self.models[name].reads))

        def reached(read: str) -> frozenset[str]:
            """What is not carried out itself, such as a view at rest, stands for what it reads."""
            return frozenset([read]) if read in chosen else before(read)

        return Half(chosen, {name: before(name) for name in chosen}, self.is_full)


def kept(home: Home, project: str, *, is_full: bool) -> Statements:
    """What dbt has made where the project is this one; without models where it has made nothing."""
    key = fingerprint.digest([str(FORM), project, str(is_full)])
    if key not in _known:
        file = _file(home, key)
        try:
            models = _read(file.read_text("utf-8"))
            file.touch()  # it is in use
        except (OSError, ValueError, TypeError, KeyError):  # gone, damaged, or of another form: dbt makes it again
            models = {}
        _known[key] = Statements(key, is_full, models)
    return _known[key]


def _read(text: str) -> dict[str, Model]:
    """Raises ValueError where the document is not the one that was written."""
    digest, _, document = text.partition("\n")
    if digest != fingerprint.digest([document]):
        raise ValueError("altered")
    return {one["name"]: _model(one) for one in json.loads(document)}


def _model(document: dict[str, Any]) -> Model:
    sql = document["sql"]
    document["reads"] = tuple(document["reads"])
    document["sql"] = None if sql is None else tuple(map(tuple, sql))
    return Model(**document)


def keep(home: Home, known: Statements, ran: Ran, laid: Laid) -> None:
    """Keep what dbt has just made, beside what it made earlier, for this process and those after it."""
    models = {}
    for one in _models(ran.manifest, is_full=known.is_full):
        told = ran.told.get(one.name)
        sql = _parts(told, laid) if told is not None else None
        earlier = known.models[one.name].sql if one.name in known.models else None
        models[one.name] = replace(one, sql=earlier if sql is None else sql)
    keep_models(home, known, models)


def keep_models(home: Home, known: Statements, models: Mapping[str, Model]) -> None:
    """Keep these models instead of those that are known."""
    _known[known.key] = replace(known, models=models)
    file, document = _file(home, known.key), json.dumps([asdict(one) for one in models.values()])
    with suppress(OSError):  # what cannot be kept costs the next run some seconds
        write_durably(file, f"{fingerprint.digest([document])}\n{document}")
        for old in sorted(file.parent.glob("statements-*.json"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            old.unlink()


def forget(home: Home, known: Statements) -> None:
    """What could not be carried out is made by dbt again, which says more of what is wrong."""
    _known.pop(known.key, None)
    with suppress(OSError):
        _file(home, known.key).unlink(missing_ok=True)


def _models(manifest: Manifest, *, is_full: bool) -> Iterator[Model]:
    """Those of the project, without statements."""
    models = {key: node for key, node in manifest.nodes.items() if node.resource_type == "model"}
    for node in models.values():
        replaces = node.config.materialized == "incremental" and not is_full and not node.config.pre_hook
        yield Model(
            name=node.name,
            schema=f"{node.database}.{node.schema}",
            reads=tuple(models[read].name for read in node.depends_on.nodes if read in models),
            counts_questions="topics" in node.tags,
            is_view=node.config.materialized == "view",
            changed_by=node.config.meta.get("changed_by") if replaces else None,
        )


def _parts(told: Sequence[str], laid: Laid) -> tuple[tuple[str | int, ...], ...] | None:
    """What dbt told of a model, without what it only looked up; None where an instant of this run would stay in it."""
    places = {query: place for place, query in enumerate(laid.queries)}
    found = sorted((query for query in places if any(query in sql for sql in told)), key=len, reverse=True)
    hole = re.compile("(" + "|".join(map(re.escape, found)) + ")") if found else None
    sql = tuple(
        tuple(places.get(part, part) for part in hole.split(one)) if hole else (one,) for one in told if DOES.match(one)
    )
    texts = [part for parts in sql for part in parts if isinstance(part, str)]
    return None if any(instant in text for text in texts for instant in laid.instants) else sql


def _file(home: Home, key: str) -> Path:
    return home.dbt / f"statements-{key}.json"
