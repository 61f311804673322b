"""The limits of the Customer Agent API: kept before they bite, and waited for where they are lower than they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.lake import Lake
from flows.sources.klaviyo.client import Client
from flows.sources.klaviyo.settings import KlaviyoSettings
from tests.sources.fake_klaviyo import KEY, FakeKlaviyo
from tests.sources.pulled import ACCOUNT, current, environment, pulled

CONVERSATIONS = 7
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


@pytest.mark.parametrize(("calls", "is_refused"), [(4, False), (2, True)])
def test_calls_keep_the_limit_of_the_beta_and_a_lower_one_is_waited_for(
    calls: int, is_refused: bool, tmp_path: Path
) -> None:
    waits: list[float] = []
    with FakeKlaviyo() as shop:
        shop.a_second = calls
        started = shop.metric("Started Conversation")
        for number in range(CONVERSATIONS):
            shop.conversation(f"c{number}", AT, ["Where?", "There."])
            shop.event(started, AT, **{"Conversation ID": f"c{number}", "Channel": "sms"})
        settings = KlaviyoSettings(base_url=shop.url, start=AT.date(), orders=True)
        client = Client(ACCOUNT, settings, environment(KLAVIYO_API_KEY=KEY), waits.append)
        lake = Lake(tmp_path / "lake")
        pulled("klaviyo", client, lake)
    assert len(current(lake, "conversations")) == CONVERSATIONS
    assert len(current(lake, "messages")) == 2 * CONVERSATIONS
    assert (shop.refused > 0) == is_refused
