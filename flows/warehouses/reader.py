"""What can be asked of a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


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
