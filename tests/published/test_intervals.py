"""Wilson's interval against values that others have published, and what holds of every interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.published.intervals import wilson


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # the mirror images of the last two
        (20, 20, 0.8389, 1.0),
        (28, 29, 0.8282, 0.9939),
    ],
)
def test_known_values(successes: int, total: int, low: float, high: float) -> None:
    interval = wilson(successes, total)
    assert interval is not None
    assert [round(end, 4) for end in interval] == [low, high]


def test_nothing_has_no_interval() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("successes", "total"), [(-1, 5), (6, 5), (1, 0)])
def test_more_than_all_is_refused(successes: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} of {total}"):
        wilson(successes, total)


@given(st.integers(1, 10**12).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_every_interval_holds_its_share_and_is_the_mirror_of_what_failed(of: tuple[int, int]) -> None:
    successes, total = of
    interval, mirror = wilson(successes, total), wilson(total - successes, total)
    assert interval is not None
    assert mirror is not None
    low, high = interval
    assert 0 <= low <= successes / total <= high <= 1
    assert low == pytest.approx(1 - mirror[1], abs=1e-12)
    assert high == pytest.approx(1 - mirror[0], abs=1e-12)
