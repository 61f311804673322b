"""What YAML and pydantic find wrong with a file, in the words of somebody who writes one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml


def of_yaml(error: yaml.MarkedYAMLError) -> tuple[str, int | None]:
    """What is wrong, and in which line; of what is not closed, the line in which it opens."""
    opened, seen = _line(error.context_mark), _line(error.problem_mark)
    context, problem = error.context or "", error.problem or "it cannot be read"
    if context in OPENED:
        sign, closing = OPENED[context]
        return f"{sign} opens here, and no {closing} closes it, or a comma is missing (seen in line {seen})", opened
    if context == "while scanning a quoted scalar":
        return "a quotation mark opens here, and none closes it", opened
    for (begun, found), (said, is_at_opening) in YAML.items():
        if begun in context and found in problem:
            return said, opened if is_at_opening else seen
    return f"this is not YAML: {problem}", seen or opened


OPENED = {"while parsing a flow sequence": ("[", "]"), "while parsing a flow mapping": ("{", "}")}
QUOTES = "put the whole text into quotes"
# What YAML was reading and what it says, in parts: what we say, and whether the line is the one where that began.
YAML: Mapping[tuple[str, str], tuple[str, bool]] = {
    ("flow node", "<stream end>"): ("a bracket is open at the end of the file: ] or } is missing", False),
    ("", "mapping values are not allowed here"): (
        f"a colon with a blank after it stands inside of a value: {QUOTES}; "
        "or this line begins further right than the one before it",
        False,
    ),
    ("block mapping", "<block mapping start>"): (
        "this line begins further left or right than those that it belongs to",
        False,
    ),
    ("block mapping", "<scalar>"): (
        "text goes on after the quotation mark that ends it, or one before it is not closed",
        False,
    ),
    ("block", "found '}'"): ("} closes something that nothing opens", False),
    ("block", "found ']'"): ("] closes something that nothing opens", False),
    ("", "sequence entries are not allowed here"): (f"a value cannot begin with -; {QUOTES}", False),
    ("", "'\\t' that cannot start any token"): ("a line begins with a tab; indent with spaces, not with tabs", False),
    ("", "cannot start any token"): (f"a value cannot begin with this sign; {QUOTES}", False),
    ("scanning an alias", ""): (f"a value cannot begin with *; {QUOTES}", False),
    ("simple key", "could not find expected ':'"): (
        "this line has no colon; a line is a key, a colon, a blank and a value",
        True,
    ),
}
DAY = "takes a day as 2026-06-07, or an instant with its zone as 2026-06-07T12:00:00Z"
WINDOW = "is written as HOURS_2, DAYS_1, WEEKS_1 or YEARS_1"


def of_pydantic(kind: str, context: Mapping[str, Any], given: str | None) -> str:
    """What is wrong with a value; `given` is how the file has it, None for a list or for keys with values."""
    here = f" (here is {given!r})" if given else ""
    if kind == "string_type":
        return takes_text(given)
    if kind.startswith("decimal") or kind == "finite_number":
        return f"takes a number{_of_digits(kind, context)}{_with_a_point(given)}{here}"
    if kind in {"tuple_type", "list_type"}:
        return f"takes a list; write [{given}]" if given is not None else "takes a list, not keys with values"
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        return f"takes keys with values{here or ', not a list'}"
    if kind.startswith(("datetime", "date_")):
        return f"{DAY}{here}"
    said = SAID.get(kind)
    return f"{said.format(**context) if said else 'does not fit here'}{here}"


SAID: Mapping[str, str] = {
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "string_pattern_mismatch": WINDOW,
    "int_type": "takes a whole number",
    "int_parsing": "takes a whole number",
    "int_parsing_size": "takes a smaller number",
    "int_from_float": "takes a whole number",
    "greater_than_equal": "is {ge} or more",
    "less_than_equal": "is {le} or less",
    "bool_type": "takes true or false",
    "bool_parsing": "takes true or false",
    "too_short": "needs {min_length} or more in its list",
    "too_long": "takes {max_length} or fewer in its list",
    "timezone_aware": f"has no zone; it {DAY}",
}


def takes_text(given: str | None) -> str:
    return "takes text" if given is None else f"takes text; put {given} into quotes"


def odd_number(text: str) -> str | None:
    """What to do about a number that YAML reads otherwise than people; None for others: 0042 is 34 to it, 12:30 750."""
    if re.fullmatch(r"[-+]?0[\d_]+", text):
        return "leave out the zeros"
    if ":" in text or re.match(r"[-+]?0[xb]", text):
        return "write it with digits alone"
    return None


def _of_digits(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "decimal_max_places":
        return f" with {context['decimal_places']} places at most"
    digits = context.get("max_digits") or context.get("whole_digits")
    return f" of {digits} digits at most" if digits else ""


def _with_a_point(given: str | None) -> str:
    return " with a point, not with a comma" if given and re.fullmatch(r"[-+]?[\d.]*,\d+", given) else ""


def _line(mark: Any) -> int | None:
    return int(mark.line) + 1 if mark else None
