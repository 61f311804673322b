"""What a publication is, and how a warehouse tells which one stands: no second place keeps it that could disagree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from flows.errors import InputError
from flows.home import Home

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Publication:
    """One row of `metrics.publications` (rule 9.2). Instants are UTC; `row_counts` is table -> rows.

    `publication_id` is the text of `published_at` to the microsecond and sorts as the publications followed each
    other: where the clock was set back, both are one microsecond after the publication before.
    """

    publication_id: str
    as_of: datetime
    data_up_to: datetime | None
    published_at: datetime
    contract_version: int
    checks_passed: int
    checks_total: int
    row_counts: dict[str, int]
    restores_publication_id: str | None

    def to_json_dict(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: utc_text(value) if isinstance(value, datetime) else value for name, value in values.items()}


@dataclass(frozen=True)
class Published:
    """What readers see: all publications, newest last, and the description of the build that stands.

    The description is empty for a reader who may not see it.
    """

    publications: tuple[Publication, ...]
    build: dict[str, Any]

    @property
    def newest(self) -> Publication:
        return self.publications[-1]

    @property
    def build_id(self) -> str | None:
        return self.build.get("build_id")

    def find(self, publication_id: str) -> Publication | None:
        return next((one for one in self.publications if one.publication_id == publication_id), None)

    def before(self) -> Publication | None:
        """The publication that going back brings back: the one before the newest.

        Before a restore is what was before the one that it restored, so going back twice goes back twice.
        """
        order = {one.publication_id: index for index, one in enumerate(self.publications)}
        index = len(self.publications) - 1
        while (restored := self.publications[index].restores_publication_id) is not None:
            index = order[restored]
        return self.publications[index - 1] if index else None


@dataclass
class Sent:
    """What travelled: rows and keys, their bytes in Arrow; `is_whole` where there was nothing to compare with."""

    is_whole: bool
    rows: int = 0
    keys: int = 0
    bytes: int = 0


class Reader(Protocol):
    """A warehouse as it is at one instant. The tables are `metrics.<table>`, the time zone is UTC."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows that the query gives. Raises StorageFailed or WarehouseFailed."""

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows that the query gives, some ten thousand at a time, in constant memory; the same instant as `rows`.

        Instants are microseconds in UTC, amounts decimals with 4 places: cast what has more. Other queries may be asked
        between two batches. What a sort cannot hold goes to the folder of temporary files (TMPDIR), or to the server's.
        Raises StorageFailed or WarehouseFailed.
        """

    def sees(self, table: str, column: str) -> bool:
        """Whether the column of `table`, which has its schema before it, is there and this reader may read it."""


def read_published(reader: Reader) -> Published | None:
    """What stands there; None where no publication has its row."""
    seen = [field.name for field in fields(Publication) if reader.sees("metrics.publications", field.name)]
    columns = ", ".join(seen or ["publication_id"])  # which then says what is wrong
    rows = reader.rows(f"select {columns} from metrics.publications order by publication_id")
    build = reader.rows("select build from provenance.build") if reader.sees("provenance.build", "build") else []
    if not rows:
        return None
    publications = tuple(_publication(dict(zip(seen, row, strict=True))) for row in rows)
    return Published(publications, json.loads(build[0][0]) if build else {})


def newest_publication(reader: Reader) -> Publication:
    """The one that readers see. Raises InputError before the first."""
    standing = read_published(reader)
    if standing is None:
        raise InputError("nothing is published yet", remedy="run `agent-metrics run` first")
    return standing.newest


def is_held(home: Home, standing: Published | None) -> bool:
    """Whether further publications are held: the newest one went back, and nobody has resumed since."""
    if standing is None or standing.newest.restores_publication_id is None:
        return False
    try:
        resumed = (home.publications / "resumed").read_text("utf-8").strip()
    except FileNotFoundError:
        return True
    return resumed != standing.newest.publication_id


def newest_of(all_that_stand: Iterable[Published]) -> Published | None:
    """The newest of what stands in several warehouses, with the history of all of them."""
    standing = sorted(all_that_stand, key=lambda one: one.newest.publication_id)
    if not standing:
        return None
    history = {one.publication_id: one for published in standing for one in published.publications}
    return Published(tuple(history[name] for name in sorted(history)), standing[-1].build)


def literal(value: str | int | date | None) -> str:
    """A text, number, date or instant as SQL, of DuckDB and of Postgres.

    Parameters would do, but DuckDB imports pandas to bind one: a second more for each command.
    """
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"timestamptz '{value.isoformat()}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A name as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def utc_text(instant: datetime | None) -> str | None:
    """ISO text of an instant, in UTC, with Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None


def _publication(values: dict[str, Any]) -> Publication:
    known: dict[str, Any] = {field.name: values.get(field.name) for field in fields(Publication)}
    for instant in ("as_of", "data_up_to", "published_at"):
        known[instant] = known[instant].astimezone(UTC) if known[instant] else None
    return Publication(**{**known, "row_counts": json.loads(known["row_counts"] or "{}")})


def first_line(error: Exception) -> str:
    """What a database said, without the query and its hints."""
    return str(error).partition("\n")[0]
