"""What a job did. Values stay what they are; JSON and text are made of them where they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from expectations.verdict import Outcome
from flows.ground.build import Build
from flows.ground.checked import Checked
from flows.ground.errors import GateClosed, SourceUnavailable, WarehouseFailed
from flows.ground.home import Home
from flows.lake.compaction import Compacted
from flows.lake.damage import Damage
from flows.published.reconciliation import OursAlone, ReconciledFigure
from flows.sources.pulled import Pulled
from flows.warehouses import Warehouse
from flows.warehouses.publication import Publication
from flows.warehouses.warehouse import Shown

Ending = Literal[
    "running",
    "pulled",
    "unread",
    "built",
    "checked",
    "gate_closed",
    "published",
    "nothing_new",
    "held",
    "rolled_back",
    "compacted",
]


@dataclass(frozen=True)
class Verified:
    """What of the lake is damaged, and how many files cannot be told: an earlier version kept no checksums."""

    damaged: list[Damage]
    unknown: int


@dataclass(frozen=True)
class Unread:
    """A source that could not be read, and why."""

    source: str
    error: str


@dataclass
class Result:
    """What a job did; parts that it did not touch are empty. `publication` is the publication that readers see now.

    `ungrouped_accounts` have questions that wait for the grouping of the next run.
    """

    outcome: Ending
    home: Path
    pulled: list[Pulled] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    damaged: list[Damage] = field(default_factory=list)
    build: Build | None = None
    ungrouped_accounts: list[str] = field(default_factory=list)
    checked: Checked | None = None
    publication: Publication | None = None
    warehouses: list[Shown] = field(default_factory=list)
    compacted: Compacted | None = None
    reconciliation: list[ReconciledFigure] | None = None
    ours_alone: list[OursAlone] | None = None

    @property
    def exit_status(self) -> int:
        """0, or 3 for a closed gate, or 1 where a warehouse is behind or the lake damaged, or 5 where a source could
        not be read.
        """
        if self.outcome == "gate_closed":
            return GateClosed.exit_status
        if self.behind() or self.damaged:
            return WarehouseFailed.exit_status
        return SourceUnavailable.exit_status if self.unread else 0

    def not_passed(self) -> list[Outcome]:
        """The checks that failed, warned or could not run."""
        return [one for one in self.checked.verdict.outcomes if one.outcome != "passed"] if self.checked else []

    def behind(self) -> list[Shown]:
        """The warehouses that do not show the publication."""
        return [one for one in self.warehouses if one.error]

    def shows(self, warehouses: Sequence[Warehouse]) -> Warehouse:
        """The first of these warehouses that shows the publication."""
        behind = {one.warehouse for one in self.behind()}
        return next(one for one in warehouses if str(one) not in behind)

    def rejected_share(self) -> float | None:
        """The share of the rows of this pull that the landing contract refused; None where no row came."""
        rows = sum(sum(one.rows.values()) for one in self.pulled)
        refused = sum(sum(one.refused.values()) for one in self.pulled)
        return refused / rows if rows else None


# Rows that were refused stay so when the source is mended, and what vanished may have gone on purpose.
LETS_PASS = {"rejected_rows are few": "--max-rejected-share 1", "vanished in numbers": "--max-volume-drop 1"}


class Closed(GateClosed):
    """The gate closed; carries the result, for the summary."""

    def __init__(self, result: Result) -> None:
        failed = [one for one in result.not_passed() if one.closes_the_gate]
        names = ", ".join(one.name for one in failed[:3]) + (", …" if len(failed) > 3 else "")
        total = result.checked.verdict.total if result.checked else 0
        passing = [option for words, option in LETS_PASS.items() if any(words in one.name for one in failed)]
        once = f"; where all is as it should be, {' '.join(passing)} publishes it once" if passing else ""
        super().__init__(
            f"the gate is closed, {len(failed)} of {total} checks failed ({names}) and nothing changes for readers",
            where=str(Home(result.home).check_page),
            remedy=f"look at the rows on that page, mend the source or the setting, and run again{once}",
        )
        self.result = result

    def __reduce__(self) -> tuple[object, ...]:
        """Copies are without the result: Prefect stores what a flow failed with, and shoppers' rows stay out of it."""
        return GateClosed, (self.what,), {"where": self.where, "remedy": self.remedy}
