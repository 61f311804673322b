"""What a publication is, and how a warehouse tells which of them stands.

No second place keeps this, because a second place could disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from flows.ground.build import Build
from flows.ground.clock import utc_text
from flows.ground.errors import NothingPublished
from flows.ground.home import Home
from flows.warehouses.reader import Reader


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

    The description is None for a reader who may not see it. It `is_whole` unless tables of the newest one are gone, or
    a comparison has found other rows.
    """

    publications: tuple[Publication, ...]
    build: Build | None
    is_whole: bool = True

    @property
    def newest(self) -> Publication:
        return self.publications[-1]

    @property
    def build_id(self) -> str | None:
        return self.build.build_id if self.build else None

    def find(self, publication_id: str) -> Publication | None:
        return next((one for one in self.publications if one.publication_id == publication_id), None)

    def seen_at(self, instant: datetime) -> Publication | None:
        """The publication that readers saw at this instant; None before the first."""
        return next((one for one in reversed(self.publications) if one.published_at <= instant), None)

    def before(self) -> Publication | None:
        """The publication that going back brings back: the one before the newest.

        Before a restore is what was before the one that it restored, so going back twice goes back twice.
        """
        order = {one.publication_id: index for index, one in enumerate(self.publications)}
        index = len(self.publications) - 1
        while (restored := self.publications[index].restores_publication_id) is not None:
            index = order[restored]
        return self.publications[index - 1] if index else None


def read_published(reader: Reader) -> Published | None:
    """What stands there; None where no publication has its row."""
    seen = [field.name for field in fields(Publication) if reader.sees("metrics.publications", field.name)]
    columns = ", ".join(seen or ["publication_id"])  # which then says what is wrong
    rows = reader.rows(f"select {columns} from metrics.publications order by publication_id")
    build = reader.rows("select build from provenance.build") if reader.sees("provenance.build", "build") else []
    if not rows:
        return None
    publications = tuple(_publication(dict(zip(seen, row, strict=True))) for row in rows)
    return Published(publications, Build.from_json_dict(json.loads(build[0][0])) if build else None)


def newest_publication(reader: Reader) -> Publication:
    """The one that readers see. Raises NothingPublished before the first."""
    standing = read_published(reader)
    if standing is None:
        raise NothingPublished("nothing is published yet", remedy="run `agent-metrics run` first")
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


def _publication(values: dict[str, Any]) -> Publication:
    known: dict[str, Any] = {field.name: values.get(field.name) for field in fields(Publication)}
    for instant in ("as_of", "data_up_to", "published_at"):
        known[instant] = known[instant].astimezone(UTC) if known[instant] else None
    return Publication(**{**known, "row_counts": json.loads(known["row_counts"] or "{}")})
