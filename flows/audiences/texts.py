"""Texts of definitions that both engines can be asked for; a wrong one would end a build, of every segment."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

ESCAPED = re.compile(r"\\[pPx]\{[^}]*\}|\\.", re.DOTALL)
# Signs that DuckDB takes as they are and Spark does not take: {, unless it counts, and [ inside of brackets.
BARE = {"{": re.compile(r"\{(?!\d+(?:,\d*)?\})"), "[": re.compile(r"\[[^\]]*\[")}
OF_ONE_ENGINE = ("(?P", "[[", "[:", "&&")  # regular expressions that DuckDB and Spark understand differently


def plain(text: object) -> object:
    """Raises ValueError for a text that is none for tables; what is no text as it is."""
    if isinstance(text, str) and any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("it has a null character, or half of a character, which no table can hold")
    return text


Text = Annotated[str, BeforeValidator(plain)]


def regex(text: str) -> str:
    """Raises ValueError for a regular expression that one of the engines does not understand."""
    import duckdb  # noqa: PLC0415  few definitions have a regular expression

    if found := next((sign for sign in OF_ONE_ENGINE if sign in text), None):
        raise ValueError(f"a regular expression with {found} means something else, or nothing, in one of the engines")
    if sign := next((sign for sign, bare in BARE.items() if bare.search(ESCAPED.sub("", text))), None):
        raise ValueError(f"a {sign} that is meant as a sign is written \\{sign} in a regular expression")
    try:
        re.compile(text)
        with duckdb.connect() as connection:
            connection.execute("select regexp_matches('', ?)", [text])
    except (re.error, duckdb.Error, OverflowError) as error:
        said = str(error).removeprefix("Invalid Input Error: ")
        raise ValueError(f"this is not a regular expression that both engines understand: {said}") from None
    return text
