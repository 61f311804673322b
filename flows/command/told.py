"""What doctor says of figures that nobody tells, and of rows that sources count and that are not here (chapter 11)."""

from __future__ import annotations

from collections.abc import Iterator

from flows.command.finding import Finding
from flows.ground.text import clean
from flows.published.accounts import accounts
from flows.published.measured import missing_rows, not_measured, sentences
from flows.warehouses import Warehouse


def told(warehouse: Warehouse) -> Iterator[Finding]:
    """Of each published account: what is not measured and what would have to be connected.

    Nothing where nothing is published, or a version published that did not know.
    """
    if warehouse.standing() is None:
        return
    with warehouse.read() as reader:
        if not reader.sees("metrics.measured", "figure"):
            return
        for account in accounts(reader):
            name = clean(account.account_id)
            untold = list(sentences(not_measured(reader, account.account_id)))
            if untold:
                yield Finding("measured", "warning", f"not measured for {name}", "; ".join(untold))
            else:
                yield Finding("measured", "ok", f"every figure is measured for {name}")
            for one in missing_rows(reader, account.account_id):
                missing = f"{one.theirs - one.ours:,} are not here"
                what = f"{clean(one.source)} counts {one.theirs:,} {one.thing} for {name}, {missing}"
                yield Finding("complete", "warning", what, "the next pull asks again; see metrics.completeness")
