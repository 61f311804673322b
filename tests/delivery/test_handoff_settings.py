"""Settings of hand-offs: what cannot be done is refused before a shopper is promised anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.ground.errors import InputError
from flows.settings import load
from flows.settings.helpdesks import HubspotDesk
from tests.delivery.delivered import ACCOUNT

ZENDESK = '[accounts.sources.zendesk]\nsubdomain = "shop"\n'
HUBSPOT = "[accounts.sources.hubspot]\n"
KLAVIYO = "[accounts.deliveries.klaviyo]\n"
HOOKS = "".join(
    f'[[accounts.deliveries.webhooks]]\nname = "{name}"\nurl = "https://{name}.example"\nsecret = "env:S"\n'
    for name in ("crm", "erp")
)


def of(folder: Path, handoff: str, more: str = "", channel: str = "web_chat") -> Path:
    file = folder / "agent-metrics.toml"
    file.write_text(f"{ACCOUNT.format(name='shop')}{more}[accounts.handoffs.{channel}]\n{handoff}\n", "utf-8")
    return file


@pytest.mark.parametrize(
    ("handoff", "more", "says"),
    [
        ('method = "ticket"', "", "tickets need a platform"),
        ('method = "message"', KLAVIYO, "a message needs its text"),
        ('method = "message"\ntext = " \\n "', KLAVIYO, "a message needs its text"),
        ('platform = "zendesk"', ZENDESK, "nothing becomes of hand-offs without a method"),
        ('method = "ticket"\nplatform = "zendesk"', "", "zendesk is not connected; add [accounts.sources.zendesk]"),
        (
            'method = "ticket"\nplatform = "gorgias"',
            ZENDESK,
            "gorgias is not connected; add [accounts.sources.gorgias]",
        ),
        (
            'method = "ticket"\nplatform = "klaviyo_inbox"',
            "",
            "no delivery takes one; add [accounts.deliveries.klaviyo]",
        ),
        ('method = "message"\ntext = "Hi"', ZENDESK, "a message goes as an event, and no delivery takes one"),
        ('method = "message"\ntext = "Hi"', HOOKS, 'goes to one delivery alone; name it, e.g. to = "webhook:crm"'),
        ('method = "message"\ntext = "Hi"\nto = "webhook:x"', HOOKS, "webhook:x is not a delivery"),
        ('method = "ticket"\nplatform = "zendesk"\napi_key = "env:X"', ZENDESK, "zendesk has no api_key"),
        ('method = "ticket"\nplatform = "zendesk"\ntext = "Hi"', ZENDESK, "zendesk has no text"),
        ('method = "message"\ntext = "Hi"\nplatform = "zendesk"', KLAVIYO + ZENDESK, "message has no platform"),
        (
            'method = "ticket"\nplatform = "zendesk"\nclient_id = "secret"',
            ZENDESK,
            "credentials do not stand in settings",
        ),
        (
            'method = "ticket"\nplatform = "hubspot"',
            ZENDESK,
            "hubspot is not connected; add [accounts.sources.hubspot]",
        ),
        ('method = "ticket"\nplatform = "hubspot"\napi_key = "env:X"', HUBSPOT, "hubspot has no api_key"),
        ('method = "ticket"\nplatform = "zendesk"\nstage = "2"', ZENDESK, "zendesk has no stage"),
        (
            'method = "ticket"\nplatform = "intercom"',
            "",
            "no tickets are made in intercom: Intercom knows no id of ours",
        ),
        (
            'method = "ticket"\nplatform = "chatwoot"',
            "",
            "Chatwoot has no tickets; let its own agent hand over, or take method",
        ),
        ('method = "fax"', "", "'none', 'ticket' or 'message'"),
        ('method = "ticket"\nplatform = "fax"', "", "'klaviyo_inbox', 'zendesk', 'gorgias' or 'hubspot'"),
        (
            'method = "ticket"\nplatform = "zendesk"',
            f'{ZENDESK}base_url = "http://zendesk.example"\n',
            "contact data goes over https alone",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_to_set_up(tmp_path: Path, handoff: str, more: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        load(of(tmp_path, handoff, more))
    assert says in str(error.value)
    assert "accounts[1]" in str(error.value)


def test_a_channel_is_a_word(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load(of(tmp_path, 'method = "none"', channel='"Web Chat"'))


def test_keys_are_others_than_those_of_the_source_and_addresses_the_same(tmp_path: Path) -> None:
    file = of(tmp_path, 'method = "ticket"\nplatform = "zendesk"\nclient_id = "env:OTHER"', ZENDESK)
    (account,) = load(file).accounts
    of_zendesk = account.handoffs["web_chat"].desk(vars(account.sources))
    assert of_zendesk.url == "https://shop.zendesk.com"
    given = [str(getattr(of_zendesk, name)) for name in ("client_id", "client_secret")]
    assert given == ["env:OTHER", "env:ZENDESK_TICKETS_CLIENT_SECRET"]
    assert str(account.sources.zendesk and account.sources.zendesk.client_secret) == "env:ZENDESK_CLIENT_SECRET"


def test_hubspot_has_an_app_of_its_own_a_pipeline_and_a_stage(tmp_path: Path) -> None:
    file = of(tmp_path, 'method = "ticket"\nplatform = "hubspot"\nstage = "4"', HUBSPOT)
    (account,) = load(file).accounts
    there = account.handoffs["web_chat"].desk(vars(account.sources))
    assert isinstance(there, HubspotDesk)
    assert (there.url, there.version, there.pipeline, there.stage) == ("https://api.hubapi.com", "2026-09", "0", "4")
    assert str(there.access_token) == "env:HUBSPOT_TICKETS_ACCESS_TOKEN"


def test_nothing_becomes_of_hand_offs_by_default(tmp_path: Path) -> None:
    file = tmp_path / "agent-metrics.toml"
    file.write_text(ACCOUNT.format(name="shop"), "utf-8")
    assert load(file).accounts[0].handoffs == {}
    assert load(of(tmp_path, 'method = "none"')).accounts[0].handoffs["web_chat"].method == "none"


def test_an_event_goes_to_klaviyo_unless_it_says_otherwise(tmp_path: Path) -> None:
    inbox = 'method = "ticket"\nplatform = "klaviyo_inbox"'
    for handoff, to in ((inbox, "klaviyo"), (f'{inbox}\nto = "webhook:erp"', "webhook:erp")):
        (account,) = load(of(tmp_path, handoff, KLAVIYO + HOOKS)).accounts
        assert account.handoffs["web_chat"].destination(account.deliveries) == to
