"""What with_pandas.py works with: the lake as data frames, and a few verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from bare import delivered

import contract
from contract.types import arrow

UTC = pa.timestamp("us", tz="UTC")
LIST = pa.list_(pa.string())
DECIMAL = pa.decimal128(18, 4)
VERSION = {"updated_at": UTC, "_load": pa.int64(), "_file": pa.int64(), "_position": pa.int64()}
C = ["account_id", "conversation_id"]


class Lake:
    """The rows that were delivered: every file that a manifest names."""

    def __init__(self, home: Path) -> None:
        self.files = delivered(home)

    def read(self, table: str, more: dict[str, pa.DataType], *, refused: bool = False) -> pd.DataFrame:
        """Rows with the contract's columns and `more`, or of the refused rows only `more`."""
        known = {} if refused else {c.name: arrow(c.type) for c in contract.landing()[table].columns}
        schema = pa.schema(known | more | {"_refused": pa.string()})
        verdict = pc.field("_refused").is_null()
        rows = ds.dataset(self.files[table], schema=schema, format="parquet").to_table(
            columns=list(known | more), filter=~verdict if refused else verdict
        )
        for number, column in enumerate(rows.schema):
            if column.type == DECIMAL:
                rows = rows.set_column(number, column.name, to_integers(rows.column(number)))
        return rows.to_pandas(types_mapper={LIST: pd.ArrowDtype(LIST)}.get)

    def newest(self, table: str) -> pd.DataFrame:
        """2.1: of several rows with one key the newest counts."""
        return newest(self.read(table, VERSION), list(contract.landing()[table].key)).drop(columns=list(VERSION))


def to_integers(amounts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(pc.multiply(amounts, pa.scalar(10_000, pa.int64())), pa.int64())


def to_decimals(amounts: pd.Series) -> pa.Array:
    """Ten-thousandths as decimal(18,4): the same 128-bit integers, low half first."""
    low = amounts.to_numpy("int64")
    return pa.Array.from_buffers(DECIMAL, len(low), [None, pa.py_buffer(np.stack([low, low >> 63], axis=1))])


def newest(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    twice = rows.duplicated(key, keep=False)
    if not twice.any():
        return rows
    ordered = rows[twice].sort_values(list(VERSION), na_position="first")
    return pd.concat([rows[~twice], ordered.drop_duplicates(key, keep="last")])


def first(rows: pd.DataFrame) -> pd.DataFrame:
    """The first row of each conversation, by its number."""
    return rows.drop_duplicates("c").set_index("c")


def last(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop_duplicates("c", keep="last").set_index("c")


def earlier(one: pd.Series, other: pd.Series) -> pd.Series:
    return one.where((one <= other) | other.isna(), other)


def text(values: Any, index: pd.Index) -> pd.Series:
    return pd.Series(values, index=index, dtype="str")


def unless_blank(strings: pd.Series) -> pd.Series:  # 3.9
    return strings.where(strings.str.strip(" ") != "")


def email_key(emails: pd.Series) -> pd.Series:  # 4.2
    keys = pc.ascii_lower(pc.utf8_trim(pa.array(emails, pa.string(), from_pandas=True), " "))
    return text(keys.to_numpy(zero_copy_only=False), emails.index).replace("", np.nan)


def local_date(instants: pd.Series, zones: pd.Series) -> pd.Series:  # 1.1
    parts = [part.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize() for zone, part in instants.groupby(zones)]
    return pd.concat(parts).reindex(instants.index) if parts else instants.dt.tz_localize(None)


def escaped(part: pd.Series) -> pd.Series:
    return part.str.replace("%", "%25", regex=False).str.replace("/", "%2F", regex=False)


def write(table: str, rows: pd.DataFrame, file: Path) -> None:
    columns = [one for one in contract.metrics()[table].columns if one.name in rows]
    arrays = [
        to_decimals(rows[c.name]) if c.type == "decimal" else pa.array(rows[c.name], arrow(c.type), from_pandas=True)
        for c in columns
    ]
    pq.write_table(pa.table(arrays, names=[c.name for c in columns]), file)
