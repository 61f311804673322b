"""What the gate is told and what it answers: the candidate, the checks, their outcomes, the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

Severity = Literal["critical", "warning"]
Scope = Literal["all", "changed"]


class Progress(Protocol):
    """Who wants to know how far the gate has come."""

    def start(self, what: str, total: int | None = None) -> None: ...

    def advance(self, units: int = 1, what: str | None = None) -> None: ...

    def finish(self) -> None: ...


@dataclass(frozen=True)
class Candidate:
    """The DuckDB files of a build, and of the last publication where there is one. They are only read."""

    work_file: Path
    metrics_file: Path
    published_file: Path | None


@dataclass(frozen=True)
class OnSpark:
    """The session in whose catalogue a build of Spark stands, and the last publication where there is one."""

    session: Any
    published_file: Path | None


@dataclass(frozen=True)
class Thresholds:
    """Shares from 0 to 1: of delivered rows that may be refused, of an account's volume that may disappear."""

    max_rejected_share: float = 0.01
    max_volume_drop: float = 0.5


@dataclass(frozen=True)
class OneOf:
    """A column holds one of these values, or null."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A sentence about a published table, and the rows that contradict it.

    `sql` is one select without a semicolon; no rows means that the sentence holds. Its placeholders (`{metrics}`,
    `{checked[messages]}`, ...) are explained where they are filled in, in `names`. A word after a colon would be
    taken for a bind parameter: there is none in it. `rule` is the contract's. `says` is the same sentence in words
    for which Great Expectations has an expectation of its own; without it the SQL is run.
    """

    table: str
    name: str
    sql: str
    rule: str | None = None
    severity: Severity = "critical"
    says: OneOf | None = None


@dataclass(frozen=True)
class Asked:
    """A check whose SQL is filled in for an engine."""

    check: Check
    sql: str


@dataclass(frozen=True)
class Found:
    """How many rows contradict a check, or why it could not run."""

    rows: int
    error: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of one check: `rows` contradict it, `sample` holds at most 20 of them, ready for JSON.

    `sql` shows all of them; it stands for itself, in any DuckDB. `error` says why a check could not run.
    """

    name: str
    table: str
    rule: str | None
    severity: Severity
    outcome: Literal["passed", "failed", "error"]
    rows: int
    sample: list[dict[str, Any]]
    sql: str
    error: str | None = None

    @property
    def closes_the_gate(self) -> bool:
        """A check that could not run proves nothing, whatever its severity."""
        return self.outcome == "error" or (self.outcome == "failed" and self.severity == "critical")


@dataclass(frozen=True)
class Verdict:
    """Whether the candidate may be published (9.1); `passed` of `total` checks passed, warnings among them."""

    is_open: bool
    passed: int
    total: int
    scope: str
    outcomes: tuple[Outcome, ...]

    def to_json_dict(self) -> dict[str, Any]:
        plain = asdict(self)
        return plain | {"outcomes": list(plain["outcomes"])}

    @classmethod
    def from_json_dict(cls, document: dict[str, Any]) -> Verdict:
        """The verdict that `to_json_dict` wrote."""
        return cls(**{**document, "outcomes": tuple(Outcome(**one) for one in document["outcomes"])})
