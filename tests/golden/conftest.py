"""The golden cases, delivered and published."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from flows import jobs
from flows.ground.home import Home
from flows.settings.requests import RunRequest
from tests.golden.cases import CASES, as_of, delivered, earlier, handed_over, sent
from tests.ledger import follow_ups_sent, handoffs_delivered

Published = Callable[[str], Home]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The home in which all cases of an as-of were delivered and published."""
    workplace = tmp_path_factory.mktemp("golden")

    @cache
    def deliver(instant: str) -> Home:
        cases = [case for case in CASES if as_of(case) == instant]
        home = Home(workplace / instant.replace(":", ""))
        follow_ups_sent(home, (row for case in cases for row in sent(case)))
        handoffs_delivered(home, (row for case in cases for row in handed_over(case)))
        folders = list(delivered(cases, workplace / "delivered" / instant))
        before = min(map(earlier, cases))
        for folder in folders:
            at = instant if folder == folders[-1] else before
            ask = RunRequest(
                home=str(home.root), path=str(folder), as_of=at, max_rejected_share=1.0, max_volume_drop=1.0
            )
            assert jobs.run(ask).outcome == "published"
        return home

    return deliver
