"""What a delivery did: for people, for documents, and as a row of the ledger, from which its health is told."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from flows.delivery.ledger import KEPT_RUNS, Ledger, now
from flows.delivery.planned import Planned

Outcome = Literal["planned", "delivered", "nothing_new", "held", "failed"]


@dataclass
class Delivered:
    """One destination's part: `kind` is `segment`, `event`, `follow_up` or `segment_change`, `key` that of a segment.

    `figures` are counts by their names, `refused` reasons with how many were refused for them; `size` is how many
    members a list has by us. `error` says why nothing, or not all, could be delivered, `hint` what else to know.
    `sample` has some of what is planned.
    """

    account: str
    destination: str
    kind: str
    key: str = ""
    outcome: Outcome = "nothing_new"
    figures: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    size: int | None = None
    error: str | None = None
    hint: str | None = None
    exit_status: int = 0
    sample: tuple[Planned, ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        return {**vars(self), "sample": [vars(one) for one in self.sample]}

    def note(self, ledger: Ledger) -> None:
        """Write it down. Runs that found nothing to do are noted as the newest alone."""
        key = (self.account, self.destination, self.kind, self.key)
        of = "account_id = ?1 and destination = ?2 and kind = ?3 and key = ?4"
        with ledger.together():
            ledger.run(
                f"""delete from runs where {of} and (
                    run_id <= (select max(run_id) from runs where {of}) - ?5
                    or (?6 = 'nothing_new' and outcome = 'nothing_new')
                )""",
                *key,
                KEPT_RUNS,
                self.outcome,
            )
            ledger.run(
                "insert into runs values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *key,
                now(),
                self.outcome,
                self.size,
                json.dumps({**self.figures, "refused": sum(self.refused.values())}),
                self.error,
            )
