"""Topics keep their ids when questions are grouped anew (rule 8.2), and what became of those that do not is
recorded.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Moved = Mapping[tuple[str | None, int | None], int]  # questions by the topic that they were in and their group now


@dataclass(frozen=True)
class TopicChange:
    """What happened to a topic: a new one came out of it, it went into another, or its questions are in none any
    more. A dismissed one may also be what a new one is `alike` (rule 8.5).
    """

    change: Literal["split", "merged", "ended", "alike"]
    topic_id: str
    other_topic_id: str | None


def continued(moved: Moved, fresh: Sequence[str]) -> tuple[list[str], list[TopicChange]]:
    """The id of each new group, and what changed.

    `moved` counts questions by (topic that they were in, group that they are in), None standing for none; `fresh` has
    for each group the id that it gets if it continues no topic. A group continues the topic of which it holds more
    than half of the questions; of several the one that brought it most.
    """
    of_topic: dict[str, int] = defaultdict(int)
    of_group: dict[int, int] = defaultdict(int)
    for (topic, group), count in moved.items():
        if topic is not None:
            of_topic[topic] += count
        if group is not None:
            of_group[group] += count
    both = sorted(
        ((count, topic, group) for (topic, group), count in moved.items() if topic is not None and group is not None),
        key=lambda one: (-one[0], one[1], one[2]),
    )
    ids: dict[int, str] = {}
    kept: set[str] = set()
    changes = []
    for count, topic, group in both:
        if 2 * count > of_topic[topic] and group not in ids and topic not in kept:
            ids[group] = topic
            kept.add(topic)
    for group, id_ in enumerate(fresh):
        if group not in ids:
            ids[group] = _unused(id_, of_topic.keys() | set(ids.values()))
            source = next((topic for count, topic, to in both if to == group and 2 * count > of_group[group]), None)
            if source is not None and source in kept:
                changes.append(TopicChange("split", source, ids[group]))
    for topic in sorted(of_topic.keys() - kept):
        most = next((group for _, source, group in both if source == topic), None)
        changes.append(TopicChange("ended" if most is None else "merged", topic, None if most is None else ids[most]))
    return [ids[group] for group in range(len(fresh))], changes


def topic_id(account_id: str, text_key: str) -> str:
    """The id of a topic that is new, from its account and the key of the question that stands for it."""
    return "topic-" + hashlib.md5(f"{account_id}\0{text_key}".encode(), usedforsecurity=False).hexdigest()[:12]


def _unused(id_: str, used: set[str]) -> str:
    number, candidate = 2, id_
    while candidate in used:
        number, candidate = number + 1, f"{id_}-{number}"
    return candidate
