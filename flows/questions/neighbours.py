"""Which exemplar of an account a text is nearest to; kept from run to run, so that a run's work is its new questions.

    <home>/topics/spaces/<name>/    the space of an account's exemplars, named by a digest of what it was made of

Nothing depends on it but time: where it is gone, damaged or made otherwise, it is made again from the exemplars.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flows.questions import versions
from flows.questions.embedders import Vectors
from flows.questions.forms import plain, sold
from flows.questions.space import Space
from flows.questions.terms import Terms

ROWS = 2_000  # of a table of likenesses at once
TRIED = 5  # exemplars that have to have their kept places still
SAME = 1e-3  # places that another version of a library rounds otherwise


@dataclass(frozen=True)
class Neighbours:
    """Exemplars at `places`, shape (exemplars, dimensions); what is less alike than `floor` does not belong."""

    space: Space
    places: Vectors
    floor: float

    def nearest(self, forms: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each normal text the index of its nearest exemplar, whose topic it joins, and its nearness; shapes
        (texts,).

        Nearness is 1 where the text is as near as exemplars are to each other, and less where it is too far to belong.
        """
        index = np.zeros(len(forms), dtype=np.int64)
        nearness = np.zeros(len(forms))
        for start in range(0, len(forms), ROWS):
            likeness = self.space.places(forms[start : start + ROWS]) @ self.places.T
            index[start : start + ROWS] = likeness.argmax(axis=1)
            nearness[start : start + ROWS] = np.clip(likeness.max(axis=1) / self.floor, 0, 1)
        return index, nearness


def floor_of(places: Vectors, is_loose: NDArray[np.bool_]) -> float:
    """The likeness below which a text is further from a topic than nearly all of its own questions are."""
    nearest = []
    for start in range(0, len(places), ROWS):
        likeness = places[start : start + ROWS] @ places.T
        likeness[np.arange(len(likeness)), np.arange(start, start + len(likeness))] = -1
        nearest.append(likeness.max(axis=1))
    inside = np.concatenate(nearest)[~is_loose]
    usual = float(np.quantile(inside, 0.02)) if len(inside) > 1 else 0.0
    return min(max(usual, 0.3), 0.7)


def name_of(embedder: str, keys: Sequence[str], topics: Sequence[str | None]) -> str:
    """What neighbours are called: exemplars of these keys in these topics, placed in one way."""
    made_of = json.dumps([versions.GROUPING, embedder, list(keys), list(topics)])
    return hashlib.sha256(made_of.encode()).hexdigest()[:24]


def keep(folder: Path, neighbours: Neighbours) -> None:
    """Write them to `folder`, whole or not at all."""
    half_made = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir(parents=True)
    space = neighbours.space
    np.save(half_made / "places.npy", neighbours.places)
    if space.axes is not None:
        np.save(half_made / "axes.npy", space.axes)
    for one in space.terms:
        np.save(half_made / f"{one.kind}.npy", one.idf)
    terms = {one.kind: sorted(one.columns, key=one.columns.__getitem__) for one in space.terms}
    if space.centres:
        np.save(half_made / "centres.npy", np.stack(list(space.centres.values())))
    document = {
        "embedder": space.embedder,
        "floor": neighbours.floor,
        "terms": terms,
        "languages": list(space.centres),
        "sold": space.sold.titles(),
    }
    (half_made / "neighbours.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    move(half_made, folder)


def move(folder: Path, target: Path) -> None:
    """Call those of `folder` otherwise, in the place of what is called so."""
    shutil.rmtree(target, ignore_errors=True)
    os.replace(folder, target)
    loaded.cache_clear()


def kept(folder: Path, texts: Sequence[str], embedder: str) -> Neighbours | None:
    """Those of `folder`, of exemplars with these texts; None where they have to be made again."""
    loaded.cache_clear()  # what is there now counts
    try:
        found = loaded(folder)
        some = range(0, len(texts), max(1, len(texts) // TRIED))
        tried = found.space.places(plain([texts[at] for at in some], found.space.sold))
        is_same = (
            found.space.embedder == embedder
            and len(found.places) == len(texts)
            and np.allclose(tried, found.places[list(some)], atol=SAME)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if is_same else None


@lru_cache(maxsize=1)
def loaded(folder: Path) -> Neighbours:
    """Those of `folder`, which has to be whole."""
    document = json.loads((folder / "neighbours.json").read_text("utf-8"))
    terms = tuple(
        Terms(kind, {term: at for at, term in enumerate(one)}, _array(folder / f"{kind}.npy"))
        for kind, one in document["terms"].items()
    )
    axes = _array(folder / "axes.npy") if terms else None
    names = document["languages"]
    centres = dict(zip(names, _array(folder / "centres.npy"), strict=True)) if names else {}
    space = Space(document["embedder"], terms, axes, centres, sold(document["sold"]))
    return Neighbours(space, _array(folder / "places.npy"), float(document["floor"]))


def _array(file: Path) -> NDArray[np.float32]:
    """What is in `file`; of a large array only what is used is read."""
    array: NDArray[np.float32] = np.load(file, mmap_mode="r", allow_pickle=False)
    return array


def sweep(folder: Path, names: Collection[str]) -> None:
    """Delete all kept neighbours but those."""
    for other in folder.glob("*"):
        if other.name not in names:
            shutil.rmtree(other, ignore_errors=True)
