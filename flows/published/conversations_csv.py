"""All conversations that meet filters, as CSV for people who open it in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flows.published.accounts import PublishedAccount
from flows.published.conversations import csv_columns, csv_query
from flows.published.filters import Filters
from flows.warehouses.reader import Reader

# What a spreadsheet takes for a formula: the last four are those signs as East Asian keyboards write them.
STARTS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def csv_lines(reader: Reader, account: PublishedAccount, filters: Filters) -> Iterator[bytes]:
    """The header, then the rows, some thousands at a time, in UTF-8 and as RFC 4180 has it; in constant memory.

    Instants are ISO text with the offset of the account's timezone. A text that a spreadsheet would take for a formula
    begins with an apostrophe. Whatever keeps it from being read is raised before the header is given.
    """
    named = csv_columns(reader)
    header = _lines([named])
    for batch in reader.batches(csv_query(reader, account, filters)):
        columns = [batch.column(place).to_pylist() for place in range(len(named))]
        yield header + _lines([tuple(_cell(account, value) for value in row) for row in zip(*columns, strict=True)])
        header = b""
    if header:
        yield header


def harmless(text: str) -> str:
    """The text as a cell that is not a formula; spreadsheets leave out blanks before the sign."""
    return f"'{text}" if text.startswith(STARTS_FORMULA) or text.lstrip().startswith(STARTS_FORMULA) else text


def _cell(account: PublishedAccount, value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, datetime):
        return account.local(value).isoformat()
    return value


def _lines(rows: list[tuple[Any, ...]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
