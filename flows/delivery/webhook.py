"""A URL that gets messages, signed as Standard Webhooks has it: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import requests

from flows.delivery.ledger import stamp
from flows.delivery.message import Message
from flows.ground.errors import InputError, SourceRefused, SourceUnavailable
from flows.settings.deliveries import WebhookDelivery

TIMEOUT = (10.0, 30.0)  # seconds to connect, and to wait for an answer
SHORTEST = 24  # bytes of a secret, as the standard has it
PREFIX = "whsec_"
PASSING = {408, 425, 429}  # statuses below 500 after which another try can help
TYPES = {
    "event": "agent.event",
    "follow_up": "follow_up.due",
    "segment_change": "segment.changed",
    "handoff": "handoff.requested",
}


class Webhook:
    """One URL. A status of 2xx is an arrival; redirects are not followed."""

    def __init__(self, settings: WebhookDelivery, environment: Mapping[str, str]) -> None:
        """Raises InputError where the secret is missing or too short."""
        self._name, self.url = settings.name, settings.url
        self._secret = _secret(settings.secret.read(environment), str(settings.secret))
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy or a .netrc of the machine must not see contact data

    def send(self, message: Message) -> None:
        """Post a message. Raises SourceUnavailable where a later try can help, else SourceRefused."""
        body = json.dumps(document(message), ensure_ascii=False).encode()
        name = f"{message.account_id}/{message.message_id}"
        at = str(int(time.time()))
        try:
            answer = self._session.post(
                self.url,
                data=body,
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": "customer-agent-metrics",
                    "webhook-id": _header(name),
                    "webhook-timestamp": at,
                    "webhook-signature": signature(self._secret, _header(name), at, body),
                },
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,  # whatever is answered is not read
            )
            answer.close()
        except requests.RequestException as error:
            what = f"the webhook {self._name} does not answer ({type(error).__name__})"
            raise SourceUnavailable(what, where=self.url, remedy="it is tried again; see to the network") from None
        status = answer.status_code
        if 200 <= status < 300:
            return
        what = f"the webhook {self._name} answers {status}"
        if status >= 500 or status in PASSING:
            raise SourceUnavailable(what, where=self.url, remedy="it is tried again")
        refused = SourceRefused(what, where=self.url, remedy="mend it, then `agent-metrics deliveries replay`")
        refused.status = status
        raise refused


def document(message: Message) -> dict[str, Any]:
    """What is posted."""
    return {
        "type": TYPES[message.kind],
        "timestamp": stamp(message.at),
        "data": {
            "id": message.message_id,
            "account_id": message.account_id,
            "name": message.name,
            "profile_id": message.profile_id,
            "email": message.email,
            "phone": message.phone,
            "is_backfill": message.is_backfill,
            **message.properties,
        },
    }


def signature(secret: bytes, name: str, at: str, body: bytes) -> str:
    """The value of `webhook-signature`: version and signature."""
    signed = b".".join((name.encode(), at.encode(), body))
    return f"v1,{base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"


def _secret(text: str, place: str) -> bytes:
    """The key: base64 behind `whsec_`, else the text itself."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else text.encode()
    except binascii.Error:
        raise InputError(f"the secret in {place} is not base64 behind {PREFIX}", remedy="copy it again") from None
    if len(key) < SHORTEST:
        remedy = f"make one of {SHORTEST} bytes or more, e.g. with `openssl rand -base64 32`"
        raise InputError(f"the secret in {place} is too short", remedy=remedy)
    return key


def _header(text: str) -> str:
    """A text of strangers as a header can hold it."""
    return text.encode("ascii", "backslashreplace").decode().replace("\n", "\\n").replace("\r", "\\r")
