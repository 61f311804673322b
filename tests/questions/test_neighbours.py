"""What is kept so that a run's work is its new questions: every delivery learned the words of all exemplars again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.questions import account, neighbours
from tests.questions.test_updating import PASSWORD, SHIPPING, Shop, shop

__all__ = ["shop"]
MORE = ("Do you also ship to Oslo in Norway?", "Do you sell gift cards?")  # too few for grouping all anew
EMBEDDER = "wordllama"
PLACED = "select text_key, exemplar_key, nearness from texts order by all"


@pytest.fixture
def grouped(shop: Shop) -> Shop:
    shop.asks(*SHIPPING, *PASSWORD)
    shop.updated()
    return shop


def spaces(shop: Shop) -> list[Path]:
    return sorted((shop.folder / "spaces").iterdir())


def _is_not_needed(*_: object) -> Any:
    raise AssertionError("the space is made again")


def test_new_questions_are_placed_in_the_space_that_was_kept(grouped: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "made_from", _is_not_needed)
    grouped.asks(*MORE)
    grouped.updated()
    assert grouped.topic_of(MORE[0]) == grouped.topic_of(SHIPPING[0])
    grouped.publishes(("a", "Passwords", "Reset your password on the login page."))  # articles are tested there, too
    grouped.updated()


def _gone(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def _cut(folder: Path) -> None:
    axes = folder / "axes.npy"
    axes.write_bytes(axes.read_bytes()[:-100])


def _of_another_version(folder: Path) -> None:
    """As where a library or the embedder's own code was changed, and its name was not."""
    np.save(folder / "places.npy", np.roll(np.load(folder / "places.npy"), 1, axis=0))


def _of_strangers(folder: Path) -> None:
    (folder / "neighbours.json").write_text('{"floor": [], "vocabularies": [["a"], null]}', "utf-8")


@pytest.mark.parametrize("damage", [_gone, _cut, _of_another_version, _of_strangers])
def test_a_damaged_space_is_made_again_and_places_alike(damage: Callable[[Path], None], grouped: Shop) -> None:
    (space,) = spaces(grouped)
    texts = [text for (text,) in grouped.rows("select text from exemplars order by exemplar_key")]
    as_it_was = neighbours.kept(space, texts, EMBEDDER)
    assert as_it_was
    expected = as_it_was.nearest(MORE)
    damage(space)
    assert neighbours.kept(space, texts, EMBEDDER) is None
    grouped.asks(*MORE)
    grouped.updated()
    again = neighbours.kept(space, texts, EMBEDDER)
    assert again
    np.testing.assert_array_equal(again.nearest(MORE), expected)


def test_the_space_of_a_former_grouping_goes(grouped: Shop) -> None:
    before = spaces(grouped)
    grouped.updated(regroup=True)
    assert spaces(grouped) == before  # the same questions in the same topics
    grouped.asks(*(f"{text} {number}?" for number, text in enumerate(("gift card", "opening hours", "size chart") * 3)))
    grouped.updated(regroup=True)
    assert len(spaces(grouped)) == 1
    assert spaces(grouped) != before


def test_texts_without_words_have_a_space_as_well(tmp_path: Path) -> None:
    texts = ["?", "!"]
    neighbours.keep(tmp_path / "space", account.placed(texts, [None, None], EMBEDDER))
    found = neighbours.kept(tmp_path / "space", texts, EMBEDDER)
    assert found
    assert found.space.axes is None
