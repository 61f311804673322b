"""Runs that meet: the later run waits for its turn where it is asked to, and fails where it is not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from flows import jobs
from flows.ground.errors import HomeBusy
from flows.ground.home import Home
from flows.jobs import job as rooms
from flows.settings.requests import PullRequest
from tests.conftest import write_rows

SOON = 0.02  # minutes


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_rows(tmp_path / "shop" / "accounts.jsonl", [{"account_id": "a", "timezone": "UTC", "currency": "EUR"}])
    return tmp_path / "shop"


def test_a_run_that_waits_does_its_work_when_the_other_has_ended(
    home: Home, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A weekly job that met the job of every quarter of an hour failed, and was lost for a week."""
    monkeypatch.setattr(rooms, "SECONDS_BETWEEN_TRIES", 0.05)
    ended: list[float] = []
    busy = threading.Event()

    def other() -> None:
        with home.lock():
            busy.set()
            time.sleep(0.5)
            ended.append(time.monotonic())

    holder = threading.Thread(target=other)
    holder.start()
    busy.wait()
    result = jobs.pull(PullRequest(home=str(home.root), path=str(shop), wait=10))
    holder.join()
    assert result.outcome == "pulled"
    assert ended


@pytest.mark.parametrize("wait", [None, 0, SOON])
def test_a_run_waits_no_longer_than_it_is_asked_to(home: Home, shop: Path, wait: float | None) -> None:
    with home.lock(), pytest.raises(HomeBusy, match=r"another run .* wait for it with --wait MINUTES"):
        jobs.pull(PullRequest(home=str(home.root), path=str(shop), wait=wait))
    assert not home.lake.exists()
