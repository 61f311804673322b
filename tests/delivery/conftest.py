"""A lake, for what is delivered and pulled again."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")
