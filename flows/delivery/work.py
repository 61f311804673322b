"""What every delivery works with."""

from __future__ import annotations

from dataclasses import dataclass

from flows.delivery.ledger import Ledger
from flows.ground.progress import Progress
from flows.settings.requests import DeliveryRequest
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader


@dataclass(frozen=True)
class Work:
    """One account's part of a delivery: what is asked, what is published, and what was delivered before."""

    account: str
    request: DeliveryRequest
    publication: Publication
    reader: Reader
    ledger: Ledger
    progress: Progress
