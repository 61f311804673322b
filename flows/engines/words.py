"""Words of open lists: which of ours a delivered text means, and which text is new to us (rule 2.6).

The lake keeps what was delivered; a build reads it through the settings of that day. A row with a new word is refused
afresh by every build, and counts as soon as the settings say what the word means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import contract
from flows.settings import WordsSettings

LONGEST = 80  # characters of a word that reasons show
OPEN: Mapping[tuple[str, str], str] = {  # the setting that says what the words of a column mean
    ("conversations", "channel"): "channels",
    ("messages", "sender"): "senders",
}


@dataclass(frozen=True)
class Words:
    """The columns of open lists of one landing table, as SQL that replaces the column of that name."""

    columns: Mapping[str, str]

    def of(self, column: str) -> str:
        """SQL of a column of the table."""
        return f"{self.columns[column]} as {column}" if column in self.columns else column


AS_DELIVERED = Words({})


def words(table: str, settings: WordsSettings, literal: Callable[[str], str]) -> Words:
    """How a build reads the open lists of a landing table; `literal` writes a text as the engine's SQL does."""
    columns, reasons = {}, []
    for (of, column), setting in OPEN.items():
        if of != table:
            continue
        meant: Mapping[str, str] = getattr(settings, setting)
        known = {*contract.landing()[table].column(column).values, *meant.values()}
        cases = " ".join(f"when {literal(text)} then {literal(word)}" for text, word in meant.items())
        word = f"(case {column} {cases} else {column} end)" if meant else column
        is_known = f"{word} in ({', '.join(literal(one) for one in sorted(known))})"
        said = f"concat({literal(_start(column))}, left({column}, {LONGEST}), {literal(_remedy(setting))})"
        reasons.append(f"case when not {is_known} then {said} end")
        columns[column] = word
    if reasons:
        columns["_refused"] = f"coalesce({', '.join(['_refused', *reasons])})"
    return Words(columns)


def is_new_word(reason: str, literal: Callable[[str], str]) -> str:
    """SQL for: the row was refused for a new word alone. The gate does not count such rows."""
    starts = [(len(start), literal(start)) for start in map(_start, sorted(column for _, column in OPEN))]
    return f"({' or '.join(f'left({reason}, {length}) = {start}' for length, start in starts)})"


def new_words(rejected_rows: str, literal: Callable[[str], str]) -> str:
    """SQL of the new words among the published rejected rows: landing table, reason, rows."""
    table = '"table"' if '"' in rejected_rows else "`table`"
    return f"""select {table}, reason, count(*) from {rejected_rows}
        where {is_new_word("reason", literal)} group by 1, 2 order by 3 desc, 1, 2"""


def sentences(found: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    """What people read of new words."""
    for table, reason, rows in found:
        yield f"{table}, {rows:,} {'row waits' if rows == 1 else 'rows wait'}: {reason}"


def _start(column: str) -> str:
    return f"{column} is new to us: "


def _remedy(setting: str) -> str:
    return f" (say in the settings what it means: words.{setting})"
