"""The description of a candidate, which stands beside its tables as build.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from flows.ground.home import Home, read_json, write_durably


@dataclass(frozen=True)
class Build:
    """A complete candidate. Instants are ISO text in UTC.

    `base` is the build that this build continued, None in a full build; `number` counts builds since the last full
    build, which is 1. `held_back` and `refused` count rows by landing table (rules 2.3 and 2.2). The build itself
    refused `refused_orders` of them for their currency; `order_refusals` are some of these as sentences,
    `new_words` are sentences about words that the settings do not know. `project` and `project_text` are the
    fingerprints of what was computed and of the files that said so. `topics_version` is the version of the
    questions' grouping. `next_change_at` is the first instant after as-of at which time alone changes a figure:
    None where there is none, empty where an earlier version did not ask. `state` is that of the candidate's files
    when they were complete. `last_load` is the identity of the lake's load `loads_up_to`, empty where it is not
    known. `unmatched_tickets` are those without a conversation (rule 4.4).
    `segments` is the fingerprint of the definitions of segments, `follow_ups_sent` that of the follow-ups that were
    sent, `handoffs_delivered` that of the hand-offs that went as events; `segment_problems` are sentences about
    definitions that are wrong and left out. `anew_because` says why everything was built although there was a build
    to go on from, for people; empty where that is usual. `changed` is False where the build found nothing to do.
    """

    build_id: str
    number: int
    base: str | None
    mode: Literal["full", "incremental"]
    engine: str
    as_of: str
    data_up_to: str | None
    loads_up_to: int
    accounts: str
    project: str
    row_counts: dict[str, int]
    held_back: dict[str, int]
    refused: dict[str, int]
    built_at: str
    contract_version: int
    topics_method: str = ""
    topics_version: int = 0
    project_text: str = ""
    next_change_at: str | None = ""
    state: str = ""
    last_load: str = ""
    anew_because: str = ""
    changed: bool = True
    refused_orders: int = 0
    order_refusals: list[str] = field(default_factory=list)
    new_words: list[str] = field(default_factory=list)
    unmatched_tickets: int = 0
    segments: str = ""
    segment_problems: list[str] = field(default_factory=list)
    follow_ups_sent: str = ""
    handoffs_delivered: str = ""

    @classmethod
    def read(cls, home: Home) -> Build | None:
        """The candidate of this home; None where there is none, it was cut off, or another version made it.

        None also where the file is damaged: what is derived is derived again.
        """
        try:
            document = read_json(home.build_file)
        except ValueError:
            return None
        return None if document is None else cls.from_json_dict(document)

    @classmethod
    def from_json_dict(cls, document: dict[str, Any]) -> Build | None:
        """The build that `to_json_dict` wrote; None where another version wrote it, with other fields."""
        try:
            return cls(**document)
        except TypeError:
            return None

    def is_untouched(self, home: Home) -> bool:
        """Whether nobody has written to the candidate's files since; True where this is not known."""
        return self.state in {"", state_of(home)}

    def stands_at(self, as_of: datetime) -> bool:
        """Whether a build of the same rows as of this instant, which is not earlier, would be the same."""
        if datetime.fromisoformat(self.as_of) == as_of or self.next_change_at is None:
            return True
        return self.next_change_at != "" and as_of < datetime.fromisoformat(self.next_change_at)

    def write(self, home: Home) -> None:
        """Declare the candidate complete."""
        write_durably(home.build_file, json.dumps(self.to_json_dict(), indent=1, ensure_ascii=False))

    def to_json_dict(self) -> dict[str, Any]:
        return asdict(self)


def state_of(home: Home) -> str:
    """Sizes and times of the candidate's DuckDB files: whoever writes to one changes them."""
    stats = [file.stat() for file in (home.work_file, home.candidate_file) if file.exists()]
    return " ".join(f"{one.st_size}/{one.st_mtime_ns}" for one in stats)
