"""Which topics are dismissed (rule 8.5), and which new ones are like them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.questions.continuity import TopicChange
from flows.questions.embedders import Vectors

# Of the questions of a new topic, that would have joined one dismissed topic. On both sets of benchmarks/topics two
# topics of different truths reach it in 7 of 2,448 and in none of 272 pairs, two halves of a topic always.
LIKE = 0.7
ROWS = 1_000  # of a table of likenesses at once


@dataclass(frozen=True)
class Event:
    """A decision of a topic, or a change by which a topic hands its decision on to `other_topic_id`; `at` is in
    microseconds since 1970.
    """

    at: int
    topic_id: str
    state: str | None = None
    other_topic_id: str | None = None


def standing(events: Iterable[Event]) -> dict[str, str]:
    """The state of every topic of which something was decided, of itself or of a topic that handed it on (rule 8.5)."""
    own: dict[str, tuple[int, str]] = {}
    handed: dict[str, tuple[int, str]] = {}
    for event in sorted(events, key=lambda one: (one.at, one.other_topic_id is not None)):
        if event.state is not None:
            own[event.topic_id] = event.at, event.state
        elif event.other_topic_id is not None:
            decided = own.get(event.topic_id) or handed.get(event.topic_id)
            known = handed.get(event.other_topic_id)
            if decided is not None and (known is None or known[0] < decided[0]):
                handed[event.other_topic_id] = decided
    return {topic: state for topic, (_, state) in {**handed, **own}.items()}


def alike(
    places: Vectors,
    questions: NDArray[np.int64],
    topics: Sequence[str | None],
    new: Collection[str],
    dismissed: Collection[str],
    *,
    floor: float,
) -> list[TopicChange]:
    """The new topics of whose questions at least LIKE would have joined one dismissed topic, had there been
    no other.

    `places` of the exemplars have shape (exemplars, dimensions), `questions` and `topics` shape (exemplars,); what is
    less alike than `floor` joins nothing.
    """
    of = np.array([topic or "" for topic in topics])
    inside = {topic: np.flatnonzero(of == topic) for topic in sorted({*new, *dismissed})}
    found = []
    for topic in sorted(new):
        mine = inside[topic]
        asked = questions[mine]
        shares = {
            one: float(asked[_nearest(places[mine], places[inside[one]]) >= floor].sum() / max(asked.sum(), 1))
            for one in sorted(dismissed)
            if len(inside[one]) and len(mine)
        }
        best = max(shares, key=lambda one: (shares[one], one), default=None)
        if best is not None and shares[best] >= LIKE:
            found.append(TopicChange("alike", best, topic))
    return found


def _nearest(places: Vectors, others: Vectors) -> NDArray[np.float64]:
    """How alike each place is to the nearest of the others, shape (places,)."""
    return np.concatenate(
        [(places[start : start + ROWS] @ others.T).max(axis=1) for start in range(0, len(places), ROWS)]
    ).astype(np.float64)
