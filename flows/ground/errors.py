"""Every error that a user can meet.

    AgentMetricsError           1  something else went wrong
    ├── InputError              2  the user's input or configuration is wrong
    ├── GateClosed              3  checks failed; the last publication stands
    ├── DeliveryHeld            3  a delivery would remove more than a guard lets it; nothing was changed
    ├── DeliveryFailed          5  a destination refused something or did not answer, under Prefect
    ├── HomeBusy                4  another run is at work on this home
    ├── SourceUnavailable       5  a source could not be read; a retry can help
    │   └── SourceRefused       5  a source refused what it was asked, or answers in an unknown shape
    ├── BuildFailed             1  dbt could not build the candidate
    ├── ClusterUnavailable      1  the Spark cluster does not answer; a retry can help
    ├── StorageFailed           1  disk full, no permission, file system error
    │   ├── LakeUnavailable     1  the lake's object store does not answer; a retry can help
    │   └── LakeDamaged         1  files of the lake are gone, or are not what was written
    └── WarehouseFailed         1  a warehouse in Postgres refused what it was asked
        └── WarehouseUnavailable 1 a warehouse in Postgres does not answer; a retry can help

Each carries what happened, where, and what to do about it, as one sentence; `exit_status` is what
the command line returns, `is_transient` says whether trying again can help.
"""

from __future__ import annotations

import copyreg
from typing import Any


class AgentMetricsError(Exception):
    """`what` happened, `where` (a path, a table, a setting), and what to do: `remedy`."""

    exit_status = 1
    is_transient = False

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is in another process, which the arguments by name would keep it from."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        return f"{sentence}; {self.remedy}" if self.remedy else sentence


class InputError(AgentMetricsError):
    exit_status = 2


class NothingPublished(InputError):
    """Readers came before the first publication."""


class GateClosed(AgentMetricsError):
    exit_status = 3


class DeliveryHeld(AgentMetricsError):
    exit_status = 3


class DeliveryFailed(AgentMetricsError):
    exit_status = 5


class HomeBusy(AgentMetricsError):
    exit_status = 4


class SourceUnavailable(AgentMetricsError):
    exit_status = 5
    is_transient = True


class SourceRefused(SourceUnavailable):
    is_transient = False
    status: int | None = None  # of HTTP, where a status says so
    answer: Any = None  # the JSON that came with it, without secrets


class BuildFailed(AgentMetricsError):
    pass


class ClusterUnavailable(AgentMetricsError):
    is_transient = True


class StorageFailed(AgentMetricsError):
    pass


class LakeUnavailable(StorageFailed):
    is_transient = True


class LakeDamaged(StorageFailed):
    pass


class WarehouseFailed(AgentMetricsError):
    pass


class WarehouseUnavailable(WarehouseFailed):
    is_transient = True
