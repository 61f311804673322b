"""A source that was only half added: nobody could read about it, or its orders counted twice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from flows.settings.tree import AccountSourcesSettings
from flows.sources.sections import SourceSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MODELS: dict[str, type[SourceSettings]] = {
    name: get_args(field.annotation)[0] for name, field in AccountSourcesSettings.model_fields.items()
}


@pytest.mark.parametrize("name", MODELS)
def test_a_source_has_its_files_its_tests_and_its_pages(name: str) -> None:
    page = ROOT / "docs" / "sources" / f"{name}.md"
    for file in ("settings.py", "client.py", "README.md"):
        assert (ROOT / "flows" / "sources" / name / file).exists(), file
    assert (ROOT / "tests" / "sources" / f"test_{name}.py").exists()
    assert f"(sources/{name}.md)" in (ROOT / "docs" / "sources.md").read_text("utf-8")
    title = page.read_text("utf-8").splitlines()[0].removeprefix("# ").removeprefix("A ")
    for heading in ("Connect your systems", "Personal data"):
        (chapter,) = re.findall(rf"^## {heading}\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
        assert title.split()[0] in chapter, heading


def test_every_folder_of_sources_has_settings() -> None:
    folders = {file.parent.name for file in (ROOT / "flows" / "sources").glob("*/client.py")}
    assert folders == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_a_source_that_makes_orders_says_so(name: str) -> None:
    """Else Klaviyo's events bring the same orders a second time."""
    mapping = ROOT / "flows" / "sources" / name / "mapping.py"
    if name != "klaviyo" and mapping.exists():
        makes_orders = re.search(r'Row\(\s*"orders"', mapping.read_text("utf-8")) is not None
        assert MODELS[name].model_construct().brings_orders == makes_orders


def test_shops_are_asked_before_klaviyo() -> None:
    """They know which product a SKU is."""
    shops = [name for name, model in MODELS.items() if "brings_orders" in vars(model)]
    assert list(MODELS)[: len(shops)] == shops
