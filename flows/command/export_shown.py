"""What people read of an export: its files on stdout, and on stderr what is not in them."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from flows.command.lines import line
from flows.ground.clock import utc_text
from flows.published.export import Exported
from flows.published.export_folder import MANIFEST


def export_lines(exported: Exported) -> Iterator[RenderableType]:
    """The files, their rows, and the publication that they are of."""
    publication = exported.publication
    table = Table(box=None, pad_edge=False)
    table.add_column("file", no_wrap=True)
    table.add_column("rows", justify="right", no_wrap=True)
    for one in exported.tables:
        table.add_row(Text(one.file), f"{one.rows:,}")
    yield table
    yield ""
    yield line("Exported", f"{publication.publication_id}, data up to {utc_text(publication.data_up_to) or 'nothing'}")
    if exported.account is not None:
        yield line("Of", f"the account {exported.account} only")
    yield line("Into", f"{exported.folder}; {MANIFEST} says so there")


def left_out_lines(exported: Exported) -> Iterator[str]:
    """What the files lack, and why."""
    for table, why in exported.tables_left_out.items():
        yield line("Left out", f"{table}: {why}")
    for one in exported.tables:
        if one.left_out:
            columns = ", ".join(one.left_out)
            yield line("Left out", f"{columns} of {one.table}: not published, or not for this reader")
