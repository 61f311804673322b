"""What is asked of a database: for each landing table the rows of a table, a view or a query, in the cursor's order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, column, false, select, table, text
from sqlalchemy.types import NullType

from contract import landing
from flows.ground.errors import SourceRefused
from flows.sources import api
from flows.sources.api import Batch, Known, Place
from flows.sources.columns import Columns, Shape
from flows.sources.sql import cursors
from flows.sources.sql.database import Database
from flows.sources.sql.settings import SqlSettings, SqlTable

NAME = "sql"


class Client(api.Client):
    """One database; a client of `flows.sources.api`."""

    rereads = timedelta(days=36_500)  # a row that stands at the cursor, or has none, may have been read at any time

    def __init__(
        self,
        account: str,
        settings: SqlSettings,
        environment: Mapping[str, str],
        _waiting: Callable[[float], None],
    ) -> None:
        self.account = account
        # parents first, as the contract lists them
        self._tables = {name: settings.tables[name] for name in landing() if name in settings.tables}
        self._database = Database(settings.url.read(environment).strip(), str(settings.url))

    def check(self) -> str:
        """No row of each table: they are there, and so are the columns that the settings name."""
        there: list[str] = []
        problem: SourceRefused | None = None
        for name, asked in self._tables.items():
            with self._database.snapshot() as connection:
                try:
                    self._shape(connection, name, asked)
                    there.append(name)
                except SourceRefused as error:
                    problem = problem or error
        answers = f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} there" if there else "no table is there"
        if problem:
            remedy = f"{problem.remedy}; {answers}"
            raise SourceRefused(problem.what, where=problem.where, remedy=remedy) from None
        return f"{self._database.shown} answers, {answers}"

    def read(self, place: Place, _known: Known) -> Iterator[Batch]:
        """Table by table, each as it stands at one instant."""
        for name, asked in self._tables.items():
            with self._database.snapshot() as connection:
                shape = self._shape(connection, name, asked)
                here = self._place(name, asked)
                for rows, at in self._changed(connection, asked, shape, place.get(here)):
                    # a place is kept even where all its rows are known, or they would be read again for ever
                    yield Batch((), {here: at} if at else {}, is_milestone=bool(at), columns=Columns.of(shape, rows))

    def _changed(
        self, connection: Connection, asked: SqlTable, shape: Shape, place: str | None
    ) -> Iterator[tuple[Sequence[Sequence[Any]], str | None]]:
        """Rows, and where to go on after them, where that is further than before.

        Several rows may share a cursor's value, so the next pull begins with that value again. Rows without a value are
        read each time: nothing says when they changed.
        """
        everything = select(text("*")).select_from(_origin(asked))
        if asked.cursor is None:
            for rows in self._database.rows(connection, everything):
                yield rows, None
            return
        cursor: ColumnElement[Any] = column(asked.cursor)
        for rows in self._database.rows(connection, everything.where(cursor.is_(None))):
            yield rows, None
        known, ordered = place, everything.where(cursor.is_not(None)).order_by(cursor)
        if place is not None:
            ordered = ordered.where(cursor >= _bound(_since(asked, cursors.read(place))))
        index, kind = shape.names.index(asked.cursor), None
        for rows in self._database.rows(connection, ordered):
            kind = kind or type(rows[0][index])
            # what is greater than all values of its kind, as a text in SQLite or infinity, is not a place to go on from
            last = next((row[index] for row in reversed(rows) if type(row[index]) is kind), None)
            at = known if last is None else cursors.written(last, asked.cursor)
            is_further = at != known and not (known and asked.overlap_minutes and _is_before(at, known))
            yield rows, at if is_further else None
            known = at if is_further else known

    def _place(self, name: str, asked: SqlTable) -> str:
        """The name of a place: who asks for something else, or somebody else, starts anew."""
        what = [self._database.shown, asked.table, asked.query, asked.cursor, sorted(asked.columns.items())]
        return f"{name} {hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]}"

    def _shape(self, connection: Connection, name: str, asked: SqlTable) -> Shape:
        """The columns that are there. Raises SourceRefused where one that is needed is not."""
        where = f"sql, table {name}"
        try:
            names = self._database.names(connection, select(text("*")).select_from(_origin(asked)).where(false()))
        except SourceRefused as error:
            raise SourceRefused(error.what, where=f"{error.where}, table {name}", remedy=error.remedy) from None
        doubles = sorted({one for one in names if names.count(one) > 1})
        if doubles:
            what = f"the query gives the column {', '.join(doubles)} more than once"
            raise SourceRefused(what, where=where, remedy="give each a name of its own, with AS")
        wanted = {*asked.columns.values(), *([asked.cursor] if asked.cursor else [])}
        if missing := sorted(wanted - set(names)):
            what = f"there is no column {', '.join(missing)}"
            raise SourceRefused(what, where=where, remedy=f"the columns are {', '.join(names)}")
        shape = Shape(name, names, self.account, asked.columns, asked.cursor)
        origins = {"account_id", *shape.origins()}
        if lacking := [one.name for one in landing()[name].columns if one.required and one.name not in origins]:
            what = f"the required column{'s' * (len(lacking) > 1)} {', '.join(lacking)} cannot be filled"
            remedy = f"say under columns which of theirs it is: {', '.join(names)}"
            raise SourceRefused(what, where=where, remedy=remedy)
        return shape


def _origin(asked: SqlTable) -> Any:
    if asked.query is not None:
        query = asked.query.strip().rstrip(";").replace(":", "\\:")  # a colon is not a parameter
        return text(f"{query}\n").columns(column("c")).subquery("asked")
    schema, _, name = str(asked.table).rpartition(".")
    return table(name, schema=schema or None)


def _bound(value: Any) -> Any:
    """The value as a parameter; a text of no type, so that it can be compared with whatever gave it."""
    return bindparam(None, value, type_=NullType()) if isinstance(value, str) else value


def _since(asked: SqlTable, last: Any) -> Any:
    if not asked.overlap_minutes:
        return last
    if cursors.utc(last) is None:
        what = f"the cursor {asked.cursor} is not a timestamp, and only those can overlap"
        raise SourceRefused(what, remedy="take overlap_minutes out, or cast the cursor in a query")
    return last - timedelta(minutes=asked.overlap_minutes)


def _is_before(one: str | None, other: str) -> bool:
    here, there = cursors.utc(cursors.read(one or "text ")), cursors.utc(cursors.read(other))
    return here is not None and there is not None and here < there
