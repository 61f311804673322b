"""What conversations and texts together say of topics (rule 8.3): the models' own SQL, for figures that are not in a
warehouse.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import dbt_project

MACROS = Path(dbt_project.__file__).parent / "macros" / "topics.sql"


def likely_unanswered(
    unanswered: NDArray[np.int64], judged: NDArray[np.int64], coverage: NDArray[np.float64], usual: float | None
) -> NDArray[np.float64]:
    """How likely a question of each topic goes unanswered, from 0 to 1, with the account's line at a half.

    Of each topic the unanswered conversations, all of which that is known, and its coverage by texts, shape (topics,);
    `usual` is the share of unanswered conversations of the account, None where nothing is known.
    """
    rows = pa.table({"unanswered": unanswered, "judged": judged, "coverage": coverage})
    with duckdb.connect() as connection:
        connection.register("topics", rows)
        columns = connection.execute(_query(), {"share": usual}).fetchnumpy()
    likely, line = columns["likely"], columns["line"]
    return np.asarray(np.where(likely <= line, 0.5 * likely / line, 0.5 + 0.5 * (likely - line) / (1 - line)))


@cache
def _query() -> str:
    macros = jinja2.Environment(autoescape=False).from_string(MACROS.read_text("utf-8")).module  # noqa: S701  this is SQL
    line = macros.unanswered_line("cast($share as double)")  # type: ignore[attr-defined]
    likely = macros.likely_unanswered("unanswered", "judged", "coverage", "line")  # type: ignore[attr-defined]
    return f"select {likely} as likely, line from (select *, {line} as line from topics)"
