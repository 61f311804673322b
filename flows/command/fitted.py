"""Tables that leave out what a terminal has no room for, and say so: a figure is never cut."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table
from rich.text import Text

BETWEEN = "  "  # columns, as Rich sets them without a box
LEAST = 20  # characters of a line of a text that runs over several


@dataclass(frozen=True)
class Column:
    """A name and what stands below it. `spare` says when it is left out: 0 never, the highest first."""

    name: str
    cells: Sequence[str | Text]
    spare: int = 0
    is_right: bool = False
    may_wrap: bool = False

    @property
    def least(self) -> int:
        """Characters that it needs."""
        longest = max(map(cell_len, (self.name, *(str(cell) for cell in self.cells))))
        return min(longest, max(LEAST, cell_len(self.name))) if self.may_wrap else longest


@dataclass(frozen=True)
class Fitted:
    """A table of these columns, as many as there is room for."""

    columns: Sequence[Column]

    @property
    def least(self) -> int:
        """Characters that all columns need. Rich's own measure reads each cell again for each set of columns."""
        return sum(one.least for one in self.columns) + len(BETWEEN) * (len(self.columns) - 1)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown, room = list(self.columns), options.max_width - self.least
        for one in sorted((one for one in shown if one.spare), key=lambda one: -one.spare):
            if room >= 0:
                break
            shown.remove(one)
            room += one.least + len(BETWEEN)
        table = Table(box=None, pad_edge=False)
        for one in shown:
            justify: JustifyMethod = "right" if one.is_right else "left"
            # What stays may still be too wide: then all of it runs over, so that nothing of it is lost.
            table.add_column(one.name, justify=justify, no_wrap=room >= 0 and not one.may_wrap, overflow="fold")
        for row in zip(*(one.cells for one in shown), strict=True):
            table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
        yield table
        if left_out := [one.name for one in self.columns if one not in shown]:
            yield Text(f"\nA wider terminal, or --json, also shows: {', '.join(left_out)}.")


def columns(
    rows: Sequence[Sequence[str | Text]],
    spare: Mapping[str, int],
    *,
    may_wrap: Collection[str] = (),
    right: Collection[str] = (),
) -> Fitted:
    """Of rows of texts, whose columns `spare` names in their order."""
    cells = zip(*rows, strict=True) if rows else [()] * len(spare)
    return Fitted(
        [
            Column(name, of, spare[name], is_right=name in right, may_wrap=name in may_wrap)
            for name, of in zip(spare, cells, strict=True)
        ]
    )
