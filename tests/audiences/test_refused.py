"""What an engine could not run is refused in the file that says it: there it names itself, in a build it ends all."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from flows.audiences.definition import Number, Segment, Since, Words
from flows.audiences.patterns import refused
from tests.audiences.drawn import PATTERNS

# What DuckDB does not take, what Spark does not take, and what means something else in each.
REFUSED = ("(", "[", "\\", "*a", "(?=a)", r"(a)\1", "a{1001}", "{{x}}", "a{", "(?P<x>a)", "[[:alpha:]]", "[a&&b]")


@pytest.mark.parametrize("pattern", REFUSED)
def test_a_regular_expression_that_not_both_engines_take_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="the regular expression"):
        Words(type="string", operator="regex", value=pattern)


@pytest.mark.parametrize("pattern", [*PATTERNS, r"\p{L}{2,3}", r"[\[a]", r"[^]a]"])
def test_one_that_both_take_is_taken(pattern: str) -> None:
    assert refused(pattern) is None


@pytest.mark.parametrize("text", ["a\0", "half \ud83d"])
def test_a_text_that_no_database_keeps_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="no database keeps"):
        Words(type="string", operator="in", value=["a", text])
    with pytest.raises(ValidationError, match=r"database keeps|unicode"):
        Segment.model_validate({"name": text, "description": "a", "definition": {"condition_groups": []}})


@pytest.mark.parametrize("value", ["1e400", "0.00001", "999999999999999"])
def test_a_number_that_no_amount_is_compared_with_is_refused(value: str) -> None:
    """DuckDB ended the build over the 30 places of a number and an amount of 12 digits."""
    with pytest.raises(ValidationError, match=r"digits|decimal places"):
        Number(type="numeric", operator="equals", value=value)


@pytest.mark.parametrize("date", [20260607, "20260607", "1780833600.0", 1.5])
def test_a_number_is_no_instant(date: Any) -> None:
    """The day 20260607 was the second 20260607 of 1970."""
    with pytest.raises(ValidationError, match="write a day as"):
        Since(operator="after", date=date)
