"""A lake, for what is delivered and pulled again, and a shop that delivers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.delivery.klaviyo.endpoints import Group
from flows.lake import Lake
from tests.delivery.delivered import Delivering
from tests.delivery.fake_klaviyo_lists import FakeKlaviyoLists
from tests.delivery.receiver import SECRET, Receiver, hook


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivering]:
    """Limits of calls are tried elsewhere."""
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))
    with FakeKlaviyoLists() as there:
        yield Delivering(tmp_path, there, monkeypatch)


@pytest.fixture
def receiver(shop: Delivering, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("CRM_SECRET", f"whsec_{SECRET}")
    with Receiver() as there:
        shop.settings(hook(there), klaviyo="segments = []\n")
        yield there
