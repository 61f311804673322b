"""A URL that gets messages."""

from __future__ import annotations

import base64
from typing import Any

from tests.delivery.delivered import SEGMENT
from tests.sources.fake_api import Answer, Asked, FakeApi

SECRET = base64.b64encode(b"a secret of thirty-two characters").decode()


class Receiver(FakeApi):
    """A webhook; `answers` are the statuses of the next of them, then 204."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[int] = []

    def answer(self, asked: Asked) -> Answer:
        status = self.answers.pop(0) if self.answers else 204
        return Answer(status, None, {"Location": f"{self.url}/elsewhere"} if status == 302 else {})

    def documents(self) -> list[dict[str, Any]]:
        return [one.json() for one in self.asked]


def hook(there: Receiver) -> str:
    """Its part of the settings."""
    lines = ("[[accounts.deliveries.webhooks]]", 'name = "crm"', f'url = "{there.url}/in"', 'secret = "env:CRM_SECRET"')
    return "\n".join((*lines, f'segments = ["{SEGMENT}"]', "events = true", "follow_ups = true", ""))
