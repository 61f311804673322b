"""How deliveries are: one that has stood still for days, or refuses everything, was found out by marketers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.command.delivering import delivering, switched_off
from flows.command.main import main
from flows.delivery.delivered import Delivered, Outcome
from flows.delivery.health import Health, health
from flows.delivery.ledger import Ledger, stamp
from flows.settings import Settings, load
from tests.delivery.delivered import SEGMENT, Delivering


def settings(shop: Delivering) -> Settings:
    return load(shop.config, {"home": str(shop.home.root)})


def of(shop: Delivering) -> Health:
    (found,) = health(settings(shop).accounts, shop.home.deliveries)
    return found


def ran(
    shop: Delivering, *sizes: int, outcome: Outcome = "delivered", days: float = 0, error: str | None = None
) -> None:
    """The last deliveries of the segment, so many days ago."""
    shop.home.root.mkdir(exist_ok=True)
    with Ledger(shop.home.deliveries) as ledger:
        for size in sizes:
            Delivered("shop", "klaviyo", "segment", SEGMENT, outcome, size=size, error=error).note(ledger)
            at = stamp(datetime.now(UTC) - timedelta(days=days))
            ledger.run("update runs set ended_at = ? where run_id = (select max(run_id) from runs)", at)


def test_a_delivery_that_was_never_made_says_so(shop: Delivering) -> None:
    assert tuple(map(str, of(shop).concerns)) == ("it is switched on and was never made",)
    assert (of(shop).last_at, of(shop).outcome, of(shop).size) == (None, None, None)


def test_a_delivery_that_goes_well_is_not_a_concern(shop: Delivering) -> None:
    ran(shop, 100, 100, 140)
    assert (of(shop).concerns, of(shop).size) == ((), 140)


@pytest.mark.parametrize(
    ("sizes", "given", "says"),
    [
        ((100, 260), {}, "the list jumped from 100 to 260 members"),
        ((260, 100), {}, "the list jumped from 260 to 100 members"),
        ((5,), {"days": 4}, "no delivery went well since"),
        ((5,), {"outcome": "held", "error": "it would empty the list"}, "it would empty the list"),
        ((5,), {"outcome": "failed", "error": "klaviyo answers 403"}, "klaviyo answers 403"),
    ],
)
def test_what_should_be_looked_at_is_said(
    shop: Delivering, sizes: tuple[int, ...], given: dict[str, Any], says: str
) -> None:
    ran(shop, *sizes, **given)
    assert says in " ".join(map(str, of(shop).concerns))


def test_a_few_members_who_are_refused_are_not_a_concern_and_many_are(shop: Delivering) -> None:
    ran(shop, 90)

    def refuse(*profiles: int) -> None:
        with Ledger(shop.home.deliveries) as ledger:
            rows = [("shop", SEGMENT, f"P{one}", None, "not_added", "unknown", "") for one in profiles]
            ledger.run_for("insert into members values (?, ?, ?, ?, ?, ?, ?)", rows)

    refuse(*range(10))
    assert (of(shop).refused, of(shop).concerns) == (10, ())
    refuse(10)
    assert tuple(map(str, of(shop).concerns)) == ("11 members refused",)


def test_runs_that_find_nothing_do_not_fill_the_ledger(shop: Delivering) -> None:
    ran(shop, *range(150))
    ran(shop, *[149] * 20, outcome="nothing_new")
    with shop.ledger() as ledger:
        assert ledger.row("select count(*), max(size) from runs") == (100, 149)


def test_status_doctor_and_list_say_it(shop: Delivering, capsys: pytest.CaptureFixture[str]) -> None:
    shop.know("ANA")
    shop.publish("ANA")
    where = ["--home", str(shop.home.root), "--config", str(shop.config)]
    assert main(["status", *where]) == 0
    said = capsys.readouterr().out
    assert "0 of 1 delivery as they should be" in said
    assert f"LOOK AT    {SEGMENT} of shop to klaviyo: it is switched on and was never made" in said
    found = [(one.outcome, one.what) for one in delivering(settings(shop))]
    assert [outcome for outcome, _ in found] == ["ok", "warning"]
    assert "klaviyo of shop:" in found[0][1]
    assert main(["segments", "sync", *where]) == 0
    assert "Delivered" in capsys.readouterr().out
    assert main(["deliveries", "list", *where, "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["deliveries"]
    assert (one["outcome"], one["size"], one["concerns"]) == ("delivered", 1, [])
    assert main(["status", *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deliveries"] == [one]
    assert switched_off(settings(shop)) == {"events", "follow_ups", "handoffs"}
    shop.config.write_text(shop.config.read_text().replace(SEGMENT, "escalatd"))
    assert "segments that are not defined: escalatd" in " ".join(one.what for one in delivering(settings(shop)))


def test_without_destinations_nothing_is_asked(shop: Delivering, capsys: pytest.CaptureFixture[str]) -> None:
    shop.publish("ANA")
    shop.config.write_text("")
    assert [one.what for one in delivering(settings(shop))] == ["none is switched on"]
    assert main(["deliveries", "list", "--config", str(shop.config), "--home", str(shop.home.root)]) == 0
    assert "Nothing is switched on" in capsys.readouterr().out
    assert main(["segments", "sync", "--config", str(shop.config), "--home", str(shop.home.root)]) == 2
    assert not shop.home.deliveries.exists()


def test_a_damaged_ledger_hides_nothing_else(shop: Delivering, capsys: pytest.CaptureFixture[str]) -> None:
    shop.publish("ANA")
    shop.home.deliveries.write_bytes(b"no ledger" * 400)
    assert main(["status", "--home", str(shop.home.root), "--config", str(shop.config)]) == 0
    said = capsys.readouterr().out
    assert "Published" in said
    assert "the ledger cannot be read" in said
