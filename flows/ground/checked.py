"""The gate's verdict on a candidate, as it stands beside the candidate in check.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from expectations.verdict import Verdict
from flows.ground.home import Home, read_json, write_durably

FACTS = ("build_id", "thresholds", "against", "checked_at")


@dataclass(frozen=True)
class Checked:
    """What was checked: a build, under these thresholds, `against` a publication; when (UTC), and the verdict."""

    build_id: str
    thresholds: dict[str, float]
    against: str | None
    checked_at: str
    verdict: Verdict

    @classmethod
    def read(cls, home: Home) -> Checked | None:
        """The last verdict in this home; None where there is none, it is damaged, or another version gave it."""
        try:
            document = read_json(home.check_file)
            if document is None:
                return None
            facts = {name: document.pop(name) for name in FACTS}
            return cls(**facts, verdict=Verdict.from_json_dict(document))
        except (KeyError, TypeError, ValueError):  # other fields than these, or damaged
            return None

    def write(self, home: Home) -> None:
        write_durably(home.check_file, json.dumps(self.to_json_dict(), indent=1))

    def to_json_dict(self) -> dict[str, Any]:
        facts = {name: getattr(self, name) for name in FACTS}
        return {**facts, **self.verdict.to_json_dict()}
