"""What the doctor finds, and the exit status that follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from flows.ground.text import clean


@dataclass(frozen=True)
class Finding:
    """`problem` keeps the product from working, `warning` may; `is_configuration`: the user's settings are at fault."""

    check: str
    outcome: Literal["ok", "warning", "problem"]
    what: str
    remedy: str | None = None
    is_configuration: bool = False

    def line(self) -> str:
        """The finding for people."""
        return (
            f"{self.outcome:<8} {self.check:<12} {clean(self.what)}{f'; {clean(self.remedy)}' if self.remedy else ''}"
        )


def exit_status(findings: Iterable[Finding]) -> int:
    """0 without a problem, 2 if the configuration is at fault in all of them, else 1."""
    problems = [finding for finding in findings if finding.outcome == "problem"]
    if not problems:
        return 0
    return 2 if all(finding.is_configuration for finding in problems) else 1
