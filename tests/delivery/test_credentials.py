"""No credential of a destination is shown, whatever it answers: here each answer repeats the whole request."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.command.main import main
from tests.audiences.shop import days_ago
from tests.delivery.delivered import SEGMENT
from tests.delivery.fake_zendesk_tickets import FakeZendeskTickets
from tests.delivery.handing_over import GORGIAS, HUBSPOT, ZENDESK, Handing
from tests.delivery.test_handoffs_as_events import INBOX
from tests.delivery.test_messages import RESOLVED
from tests.sources.test_secrets import MARK, echo, is_shown

WANTED = f'segments = ["{SEGMENT}"]\nevents = true\n'
KLAVIYO = f"""
[accounts.deliveries.klaviyo]
base_url = "{{url}}"
{WANTED}"""
WEBHOOK = f"""
[[accounts.deliveries.webhooks]]
name = "crm"
url = "{{url}}/in"
secret = "env:CRM_SECRET"
{WANTED}"""
MESSAGES = [["segments", "sync", "--confirm"], ["events", "send", "--backfill"]]
TICKETS = [["handoffs", "create"]]
DESTINATIONS = {
    "klaviyo": (KLAVIYO, MESSAGES),
    "webhook": (WEBHOOK, MESSAGES),
    "hand-off as an event": (f"{KLAVIYO}{INBOX}", TICKETS),
    "zendesk": (ZENDESK, TICKETS),
    "gorgias": (GORGIAS, TICKETS),
    "hubspot": (HUBSPOT, TICKETS),
}  # fmt: skip
TOLD = [["deliveries", "failed"], ["deliveries", "list"], ["handoffs", "list"], ["status"], ["doctor"]]
CREDENTIALS = {
    "CRM_SECRET": f"whsec_{'m4rk' * 8}",
    **dict.fromkeys(
        [
            "KLAVIYO_DELIVERY_KEY",
            "ZENDESK_TICKETS_CLIENT_ID",
            "ZENDESK_TICKETS_CLIENT_SECRET",
            "GORGIAS_TICKETS_USERNAME",
            "GORGIAS_TICKETS_API_KEY",
            "HUBSPOT_TICKETS_ACCESS_TOKEN",
        ],
        MARK,
    ),
}


@pytest.mark.parametrize("status", [401, 500])
@pytest.mark.parametrize("destination", DESTINATIONS)
def test_what_a_destination_repeats_of_a_request_is_shown_without_credentials(
    destination: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The ledger keeps why something was refused, in the words of whoever refused it."""
    lines, commands = DESTINATIONS[destination]
    with FakeZendeskTickets() as there:
        shop = Handing(tmp_path, there, monkeypatch)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    shop.begin()
    shop.accepts("ANA")
    shop.shop.segment(SEGMENT, None)
    shop.shop.member(SEGMENT, "ANA")
    shop.shop.event("ANA", 0, RESOLVED, occurred_at=days_ago(1))
    shop.publish()
    with echo(status) as url:
        shop.settings(lines.format(url=url))
        at = ["--home", str(shop.home.root), "--config", str(shop.config)]
        assert 5 in {main([*command, *at, "--debug"]) for command in commands}
        for command in TOLD:
            main([*command, *at, "--json", "--debug"])
    out, err = capfd.readouterr()
    assert str(status) in out + err
    assert not is_shown(out + err)
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and is_shown(file.read_text("utf-8", "replace"))]
