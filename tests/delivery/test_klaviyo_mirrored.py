"""Lists of Klaviyo that mirror segments, over real HTTP: what people do over there, and who is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from flows.delivery.klaviyo import Klaviyo
from flows.delivery.klaviyo.endpoints import Group
from flows.delivery.ledger import Ledger
from flows.delivery.lists import Done, Mirror
from flows.delivery.mirroring import Sync
from flows.delivery.plan import ASKED, planned
from flows.ground.errors import SourceRefused
from flows.ground.progress import Silent
from flows.settings.deliveries import KlaviyoDelivery
from tests.delivery.fake_klaviyo_lists import KEY, FakeKlaviyoLists

People = Mapping[str, tuple[str | None, str | None]]


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))


@pytest.fixture
def shop() -> Iterator[FakeKlaviyoLists]:
    with FakeKlaviyoLists() as shop:
        yield shop


@pytest.fixture
def sync(shop: FakeKlaviyoLists, tmp_path: Path) -> Callable[[People], Done]:
    """Brings the list of a segment to these people, by their addresses; profiles are made."""

    def run(people: People) -> Done:
        there = Klaviyo(KlaviyoDelivery(base_url=shop.url), {"KLAVIYO_DELIVERY_KEY": KEY}, lambda _: None)
        with Ledger(tmp_path / "ledger") as ledger:
            plan = planned(ledger, "a", "s", [members(people)], again=True)
            return Sync(ledger, there, Mirror("a", "s", ("One",), has_ids=False, creates=True), Silent()).run(plan)

    return run


def members(people: People) -> pa.RecordBatch:
    known = {place: list[str | None]() for place in range(max(ASKED) + 1)}
    for profile, (email, phone) in people.items():
        for place, values in known.items():
            values.append(dict(zip(ASKED, (profile, email, phone), strict=False)).get(place))
    columns = {f"c{place}": pa.array(values, pa.string()) for place, values in known.items()}
    return pa.RecordBatch.from_pydict(columns)


def test_while_a_list_is_compared_others_write_to_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand-offs waited for the comparison of a large segment, and failed after half a minute."""
    monkeypatch.setattr("flows.delivery.ledger.SECONDS_TO_WAIT", 0.1)
    with Ledger(tmp_path / "ledger") as ledger, Ledger(tmp_path / "ledger") as other:

        def batches() -> Iterator[pa.RecordBatch]:
            for name in ("1", "2"):
                yield members({name: (f"{name}@example.com", None)})
                other.run("insert into streams values ('a', 'handoffs', ?, 'now', null)", name)

        assert planned(ledger, "a", "s", batches()).adds == 2
        assert other.row("select count(*) from streams") == (2,)


def test_a_shopper_whom_klaviyo_does_not_take_keeps_nobody_out(
    shop: FakeKlaviyoLists, sync: Callable[[People], Done]
) -> None:
    """One email that was none stopped the whole sync, and every one after it."""
    ann = shop.profile("ann@example.com")
    people = {
        "1": ("not an email", None),
        "2": ("ann@example.com", None),
        "3": (None, "030"),
        "4": ("b@example.com", None),
    }
    done = sync(people)
    assert (done.added, sum(done.refused.values())) == (2, 2)
    assert "not an email" not in str(done.refused)
    assert shop.told()["lists"] == {"One": [sorted([ann, *(one for one in shop.profiles if one != ann)])]}
    shop.scopes -= {"profiles:write"}
    with pytest.raises(SourceRefused, match="lacks profiles:write"):
        sync({**people, "5": ("c@example.com", None)})


def test_whoever_was_put_in_by_hand_and_taken_out_by_hand_is_added(
    shop: FakeKlaviyoLists, sync: Callable[[People], Done]
) -> None:
    """A member whom somebody had put into the list, and then out of it, never came back."""
    ann, bob = shop.profile("ann@example.com"), shop.profile("bob@example.com")
    sync({"2": ("bob@example.com", None)})
    (list_id,) = shop.members
    shop.members[list_id][ann] = shop.clock()
    people = {"1": ("ann@example.com", None), "2": ("bob@example.com", None)}
    assert sync(people).by_hand == 1
    del shop.members[list_id][ann]
    for _ in range(2):  # it is seen by the first, which looks once a day or after a change, and mended by the next
        sync({**people, "3": ("new@example.com", None)})
    assert {ann, bob} <= shop.members[list_id].keys()
