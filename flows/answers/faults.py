"""What went wrong, for programs: what, where, what to do about it, and the status of HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flows.answers.answering import NotThere, NotYet
from flows.ground.errors import AgentMetricsError, InputError


@dataclass(frozen=True)
class Fault:
    """An answer that is none."""

    status: int
    what: str
    where: str | None = None
    remedy: str | None = None

    @classmethod
    def of(cls, error: Exception) -> Fault:
        """The fault of an error. Paths and servers of this machine are for who runs it, and stay out."""
        if isinstance(error, NotYet):
            return cls(503, error.what, None, error.remedy)
        if isinstance(error, InputError):
            return cls(404 if isinstance(error, NotThere) else 400, error.what, error.where, error.remedy)
        if isinstance(error, AgentMetricsError):
            return cls(
                503, "the warehouse cannot be read now", None, "try again later; `agent-metrics status` says more"
            )
        return cls(500, "this should not happen", None, "the server's output says more")

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"error": {"what": self.what, "where": self.where, "remedy": self.remedy}}
