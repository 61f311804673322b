"""What stands in a home: the publication, the candidate and its checks, the rows that were refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from flows.home import Home, read_json
from flows.warehouses.history import Publication, Published, is_held, not_a_publication, open_published, read_published

HISTORY_SHOWN = 5
REASONS_SHOWN = 3


@dataclass(frozen=True)
class FailedCheck:
    """A check that closed the gate: `outcome` is `failed` or `error`, `rows` the offending rows."""

    name: str
    table: str | None
    outcome: str
    rows: int


@dataclass(frozen=True)
class Candidate:
    """The last complete build. `gate` is `open`, `closed`, or `not_checked` if its own checks have not run."""

    build_id: str
    as_of: str
    data_up_to: str | None
    built_at: str
    mode: str
    is_published: bool
    gate: str
    checks_passed: int | None
    checks_total: int | None
    failed_checks: tuple[FailedCheck, ...]
    refused: dict[str, int]
    held_back: dict[str, int]


@dataclass(frozen=True)
class RejectedRows:
    """Published rejected rows of one landing table, and its most frequent reasons."""

    table: str
    rows: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Status:
    """`published`, `history` (newest last) and `rejected_rows` tell what readers see; None or empty before they do."""

    home: str
    published: Publication | None
    age_seconds: int | None
    history: tuple[Publication, ...]
    publications: int
    is_held: bool
    candidate: Candidate | None
    rejected_rows: tuple[RejectedRows, ...]

    def to_json_dict(self) -> dict[str, Any]:
        return {
            "home": self.home,
            "published": self.published and {**self.published.to_json_dict(), "age_seconds": self.age_seconds},
            "history": [publication.to_json_dict() for publication in self.history],
            "publications": self.publications,
            "is_held": self.is_held,
            "candidate": self.candidate
            and {
                **vars(self.candidate),
                "failed_checks": [vars(check) for check in self.candidate.failed_checks],
            },
            "rejected_rows": [
                {
                    "table": rejected.table,
                    "rows": rejected.rows,
                    "reasons": [{"reason": reason, "rows": rows} for reason, rows in rejected.reasons],
                }
                for rejected in self.rejected_rows
            ],
        }


def status(home: Home) -> Status:
    """What stands in `home`, also while another run is at work there; `age_seconds` is since the publication.

    Raises StorageFailed if the published file cannot be read.
    """
    standing: Published | None = None
    rejected: tuple[RejectedRows, ...] = ()
    if home.published_file.exists():
        with open_published(home) as connection:
            try:
                standing, rejected = read_published(connection), _rejected(connection)
            except duckdb.Error as error:
                raise not_a_publication(home, error) from error
    newest = standing.newest if standing else None
    return Status(
        home=str(home.root),
        published=newest,
        age_seconds=max(int((datetime.now(UTC) - newest.published_at).total_seconds()), 0) if newest else None,
        history=standing.publications[-HISTORY_SHOWN:] if standing else (),
        publications=len(standing.publications) if standing else 0,
        is_held=is_held(home, standing),
        candidate=_candidate(home, standing),
        rejected_rows=rejected,
    )


def _candidate(home: Home, standing: Published | None) -> Candidate | None:
    build = read_json(home.build_file)
    if build is None:
        return None
    verdict = read_json(home.check_file)
    if verdict is not None and verdict["build_id"] != build["build_id"]:
        verdict = None
    gate = "not_checked" if verdict is None else "open" if verdict["is_open"] else "closed"
    return Candidate(
        build_id=build["build_id"],
        as_of=build["as_of"],
        data_up_to=build["data_up_to"],
        built_at=build["built_at"],
        mode=build["mode"],
        is_published=standing is not None and standing.build["build_id"] == build["build_id"],
        gate=gate,
        checks_passed=verdict["passed"] if verdict else None,
        checks_total=verdict["total"] if verdict else None,
        failed_checks=tuple(
            FailedCheck(one["name"], one["table"], one["outcome"], one["rows"])
            for one in (verdict["outcomes"] if verdict else ())
            if one["outcome"] == "error" or (one["outcome"] == "failed" and one["severity"] == "critical")
        ),
        refused=build["refused"],
        held_back=build["held_back"],
    )


def _rejected(connection: duckdb.DuckDBPyConnection) -> tuple[RejectedRows, ...]:
    counted = connection.execute(
        """select "table", reason, count(*) as "rows" from published.metrics.rejected_rows
        group by all order by "table", "rows" desc, reason"""
    ).fetchall()
    reasons: dict[str, list[tuple[str, int]]] = {}
    for table, reason, rows in counted:
        reasons.setdefault(table, []).append((reason, rows))
    return tuple(
        RejectedRows(table, sum(rows for _, rows in most), tuple(most[:REASONS_SHOWN]))
        for table, most in reasons.items()
    )
