"""What stands in a home and its warehouses: publications, the candidate and its checks, the rows that were refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flows.delivery.health import Health, health
from flows.ground.build import Build
from flows.ground.checked import Checked
from flows.ground.errors import StorageFailed
from flows.ground.home import Home
from flows.published.handoffs import Waiting, waiting
from flows.warehouses import Warehouse, stands
from flows.warehouses.keeping import Kept
from flows.warehouses.publication import Publication, Published, is_held, newest_of
from flows.warehouses.reader import Reader
from flows.warehouses.standing import altered

if TYPE_CHECKING:
    from flows.settings import AccountSettings

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
class CandidateStatus:
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
class WarehouseStatus:
    """The publication of one warehouse; with an `error` it did not answer, and this is the last that is known."""

    warehouse: str
    publication_id: str | None
    is_behind: bool
    error: str | None


@dataclass(frozen=True)
class KeptPublications:
    """The publications that one can go back to, the oldest of them, and the bytes of all of them on disk."""

    publications: int
    oldest_publication_id: str | None
    bytes: int


@dataclass(frozen=True)
class Status:
    """What readers see in the first warehouse: `published`, `history` (newest last), `rejected_rows`,
    `waiting_handoffs` and `ungrouped_question_count` (None where it cannot be seen).

    None or empty before they see anything. `is_altered` where somebody has written to the published file.
    `warehouses` says of each whether it is behind the newest publication.
    """

    home: str
    published: Publication | None
    age_seconds: int | None
    history: tuple[Publication, ...]
    publications: int
    kept: KeptPublications
    is_held: bool
    is_altered: bool
    candidate: CandidateStatus | None
    rejected_rows: tuple[RejectedRows, ...]
    waiting_handoffs: tuple[Waiting, ...]
    ungrouped_question_count: int | None
    warehouses: tuple[WarehouseStatus, ...]
    deliveries: tuple[Health, ...]
    deliveries_error: str | None

    def to_json_dict(self) -> dict[str, Any]:
        return {
            "home": self.home,
            "published": self.published and {**self.published.to_json_dict(), "age_seconds": self.age_seconds},
            "history": [publication.to_json_dict() for publication in self.history],
            "publications": self.publications,
            "kept": vars(self.kept),
            "is_held": self.is_held,
            "is_altered": self.is_altered,
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
            "ungrouped_question_count": self.ungrouped_question_count,
            "waiting_handoffs": [one.to_json_dict(datetime.now(UTC)) for one in self.waiting_handoffs],
            "warehouses": [vars(warehouse) for warehouse in self.warehouses],
            "deliveries": [one.to_json_dict() for one in self.deliveries],
            "deliveries_error": self.deliveries_error,
        }


def status(home: Home, warehouses: Sequence[Warehouse], accounts: Sequence[AccountSettings] = ()) -> Status:
    """What stands in `home`, also while another run is at work there; `age_seconds` is since the publication.

    Of `accounts` also how their deliveries are.

    Raises StorageFailed or WarehouseFailed if the only warehouse cannot be read.
    """
    found = stands(home, warehouses)
    if len(found) == 1 and found[0].error:
        raise found[0].error
    first = next((stand for stand in found if stand.published and not stand.error), None)
    standing = first.published if first else None
    rejected: tuple[RejectedRows, ...] = ()
    waits: tuple[Waiting, ...] = ()
    ungrouped: int | None = None
    if first:
        with first.warehouse.read() as reader:
            rejected, waits, ungrouped = _rejected(reader), waiting(reader), _ungrouped(reader)
    newest = standing.newest if standing else None
    newest_of_all = newest_of(stand.published for stand in found if stand.published)
    return Status(
        home=str(home.root),
        published=newest,
        age_seconds=max(int((datetime.now(UTC) - newest.published_at).total_seconds()), 0) if newest else None,
        history=standing.publications[-HISTORY_SHOWN:] if standing else (),
        publications=len(standing.publications) if standing else 0,
        kept=_kept(home),
        is_held=is_held(home, newest_of_all),
        is_altered=altered(home, found) is not None,
        candidate=_candidate(home, newest_of_all),
        rejected_rows=rejected,
        waiting_handoffs=waits,
        ungrouped_question_count=ungrouped,
        warehouses=tuple(
            WarehouseStatus(
                warehouse=str(stand.warehouse),
                publication_id=stand.published.newest.publication_id if stand.published else None,
                is_behind=newest_of_all is not None and stand.publication_id != newest_of_all.newest.publication_id,
                error=str(stand.error) if stand.error else None,
            )
            for stand in found
        ),
        **_deliveries(home, accounts),
    )


def _deliveries(home: Home, accounts: Sequence[AccountSettings]) -> dict[str, Any]:
    """How they are; a ledger that cannot be read hides nothing else."""
    try:
        return {"deliveries": health(accounts, home.deliveries), "deliveries_error": None}
    except StorageFailed as error:
        return {"deliveries": (), "deliveries_error": str(error)}


def _kept(home: Home) -> KeptPublications:
    kept = Kept.of(home)
    ids = kept.ids()
    return KeptPublications(len(ids), ids[0] if ids else None, kept.bytes)


def _candidate(home: Home, standing: Published | None) -> CandidateStatus | None:
    build = Build.read(home)
    if build is None:
        return None
    checked = Checked.read(home)
    verdict = checked.verdict if checked and checked.build_id == build.build_id else None
    return CandidateStatus(
        build_id=build.build_id,
        as_of=build.as_of,
        data_up_to=build.data_up_to,
        built_at=build.built_at,
        mode=build.mode,
        is_published=standing is not None and standing.build_id == build.build_id,
        gate="not_checked" if verdict is None else "open" if verdict.is_open else "closed",
        checks_passed=verdict.passed if verdict else None,
        checks_total=verdict.total if verdict else None,
        failed_checks=tuple(
            FailedCheck(one.name, one.table, one.outcome, one.rows)
            for one in (verdict.outcomes if verdict else ())
            if one.closes_the_gate
        ),
        refused=build.refused,
        held_back=build.held_back,
    )


def _ungrouped(reader: Reader) -> int | None:
    """Questions that wait for the grouping of a later run; None where that is not published for us to see."""
    if not reader.sees("metrics.knowledge_gap_totals", "ungrouped_question_count"):
        return None
    ((count,),) = reader.rows("select sum(ungrouped_question_count) from metrics.knowledge_gap_totals")
    return int(count or 0)


def _rejected(reader: Reader) -> tuple[RejectedRows, ...]:
    """By landing table; without reasons for a reader who may not see them."""
    reason = "reason" if reader.sees("metrics.rejected_rows", "reason") else "null"
    counted = reader.rows(
        f"""select "table", {reason} as why, count(*) as "rows" from metrics.rejected_rows
        group by 1, 2 order by 1, 3 desc, 2"""
    )
    reasons: dict[str, list[tuple[str | None, int]]] = {}
    for table, why, rows in counted:
        reasons.setdefault(table, []).append((why, rows))
    return tuple(
        RejectedRows(
            table,
            sum(rows for _, rows in most),
            tuple((why, rows) for why, rows in most[:REASONS_SHOWN] if why is not None),
        )
        for table, most in reasons.items()
    )
