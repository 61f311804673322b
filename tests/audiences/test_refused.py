"""What an engine could not run is refused in the file that says it: there it names itself, in a build it ends all."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from flows.audiences.definition import Since, Words
from flows.audiences.texts import regex
from tests.audiences.drawn import PATTERNS

# What DuckDB does not take, what Spark does not take, and what means something else in each.
REFUSED = ("(", "[", "\\", "*a", "(?=a)", r"(a)\1", "a{1001}", "{{x}}", "a{", "(?P<x>a)", "[[:alpha:]]", "[a&&b]")


@pytest.mark.parametrize("pattern", REFUSED)
def test_a_regular_expression_that_not_both_engines_take_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="regular expression"):
        Words(type="string", operator="regex", value=pattern)


@pytest.mark.parametrize("pattern", [*PATTERNS, "a{2,3}", r"[\[a]", r"[^]a]"])
def test_one_that_both_take_is_taken(pattern: str) -> None:
    assert regex(pattern) == pattern


@pytest.mark.parametrize("date", [20260607, "20260607", "1780833600.0", 1.5])
def test_a_number_is_no_instant(date: Any) -> None:
    """The day 20260607 was the second 20260607 of 1970."""
    with pytest.raises(ValidationError, match="write a day as"):
        Since(operator="after", date=date)
