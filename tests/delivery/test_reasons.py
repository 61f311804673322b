"""Reasons of failures that really happen are said in other languages, and words of strangers stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dashboard.language import language
from flows.delivery.health import health
from flows.delivery.reasons import REMEDIES, WHAT, told
from flows.ground.saying import Text
from flows.settings import load
from flows.sources.api import http
from tests.delivery.delivered import LIST, SEGMENT, Delivering
from tests.delivery.receiver import Receiver, hook
from tests.delivery.test_messages import RESOLVED, begin, happened
from tests.published.shop import MIDNIGHT


def failed(shop: Delivering) -> str:
    """The reason of the only delivery that stands as failed or held."""
    accounts = load(shop.config, {"home": str(shop.home.root)}).accounts
    (one,) = [one for one in health(accounts, shop.home.deliveries) if one.outcome in {"failed", "held"}]
    reason = one.concerns[0]
    assert isinstance(reason, str)
    return reason


def in_german(reason: str) -> str:
    """Raises where it is not ours, or would be said otherwise in English."""
    found = told(reason)
    assert isinstance(found, Text)
    assert str(found) == reason
    return language("de").tell(found, _local)


def _local(instant: datetime) -> datetime:
    return instant


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ((), "weil sie sonst alle 4 Mitglieder verlöre; sehen Sie es mit --dry-run an, dann geben Sie --confirm"),
        (("ANA",), "weil 3 von 4 entfernt würden (75 %, erlaubt sind 30 %); sehen Sie es mit --dry-run an"),
    ],
)
def test_a_list_that_is_held(shop: Delivering, left: tuple[str, ...], said: str) -> None:
    members = ("ANA", "BEN", "CLE", "DIA")
    shop.know(*members)
    shop.publish(*members)
    shop.sync()
    shop.publish(*left)
    shop.sync()
    assert f"die Liste von {SEGMENT} bleibt, wie sie ist, {said}" in in_german(failed(shop)).replace("\xa0", " ")


def test_a_list_of_strangers(shop: Delivering) -> None:
    shop.there.a_list(LIST)
    shop.know("ANA")
    shop.publish("ANA")
    shop.sync()
    said = in_german(failed(shop))
    assert said == (
        f"es gibt schon eine Liste '{LIST}', die dieses Verzeichnis nicht kennt; "
        "benennen Sie sie dort um, oder geben Sie --adopt: Wer darin ist, bleibt darin"
    )


def test_a_key_that_is_wrong_and_a_server_that_is_away(shop: Delivering, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish("ANA")
    monkeypatch.setenv("KLAVIYO_DELIVERY_KEY", "wrong")
    shop.sync()
    said = in_german(failed(shop))
    assert said.startswith(f"{shop.there.url}/api/lists: ")
    assert " antwortet mit 401: „" in said
    assert said.endswith("“; prüfen Sie den privaten Schlüssel")
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    shop.config.write_text(shop.config.read_text("utf-8").replace(shop.there.url, "http://127.0.0.1:1"), "utf-8")
    shop.sync()
    said = in_german(failed(shop))
    assert " antwortet nicht (ConnectionError); prüfen Sie das Netzwerk oder base_url" in said


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([503], "/in: der Webhook crm antwortet mit 503; es wird wieder versucht"),
        ([400], "alles wurde abgewiesen"),
    ],
)
def test_a_webhook_that_fails(shop: Delivering, receiver: Receiver, answers: list[int], said: str) -> None:
    shop.settings(hook(receiver), klaviyo="segments = []\n")
    begin(shop, "webhook:crm")
    shop.publish("ANA", shop=happened(("c1", RESOLVED, MIDNIGHT + timedelta(days=5))))
    receiver.answers = answers
    shop.events()
    assert in_german(failed(shop)).endswith(said)


def test_a_folder_that_cannot_be_written(shop: Delivering) -> None:
    file = shop.home.root.parent / "a file"
    file.write_text("", "utf-8")
    folder = f'[accounts.deliveries.folder]\npath = "{file}"\nsegments = ["{SEGMENT}"]\n'
    shop.settings(folder, klaviyo="segments = []\n")
    shop.publish("ANA")
    shop.sync()
    said = in_german(failed(shop))
    assert said.startswith(f"{file}")
    assert said.endswith(
        ": konnte nicht geschrieben werden („Not a directory“); prüfen Sie die Festplatte und ihre Rechte"
    )


def test_what_failed_too_often_says_how_often() -> None:
    said = in_german("https://desk.example: Zendesk does not answer (ReadTimeout); it is tried again (8 tries)")
    assert said == ("https://desk.example: Zendesk antwortet nicht (ReadTimeout); es wird wieder versucht (8 Versuche)")


@pytest.mark.parametrize(
    "reason", ["", "disk <full>", "account is suspended; call us", "%(words)s", "a: b: c; d (9 tries)"]
)
def test_what_is_not_ours_stays_as_it_is(reason: str) -> None:
    assert told(reason) == reason


def _ours() -> Iterator[str]:
    for what in WHAT:
        yield from (what, f"https://a.example/x: {what}", *(f"{what}; {remedy}" for remedy in REMEDIES))


@given(st.sampled_from(list(_ours())), st.text(min_size=1, max_size=40))
def test_in_english_every_reason_is_what_it_was(pattern: str, words: str) -> None:
    """Whatever strangers write: `1,000` may be told as a number, and reads the same."""
    values = dict.fromkeys(("words", "scopes", "name", "segment"), words)
    values |= {"source": "Klaviyo", "status": "503", "error": "ReadTimeout", "tries": "1,000", "minutes": "5"}
    values |= {"members": "1,234", "removed": "100", "share": "75%", "most": "30%"}
    reason = pattern % values
    assert str(told(reason)) == reason
