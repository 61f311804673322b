"""`agent-metrics topics products`: nobody saw which product page leaves questions open (8.4)."""

from __future__ import annotations

from datetime import date, timedelta

from flows.ground.home import Home
from flows.published.gap_draft import shown
from flows.published.open_products import open_products
from tests.gaps.shop import HOSTILE, UNTIL, Say, Shop, Tell, ago, publish_to, warehouse_of


def shop_of_products() -> Shop:
    shop = Shop()
    for product in ("kettle", "vase"):
        shop.add("products", product_id=product, title=f"The {product}", url=f"https://shop.example/{product}")
    for conversation in "abcd":
        shop.conversation(conversation)
    shop.ask_of_product("kettle", "a", ago(days=2), "Is it loud?", "true")
    shop.ask_of_product("kettle", "b", ago(days=1), "How heavy is it?", "true")
    shop.ask_of_product("kettle", "c", ago(days=0), "Is it blue?", "false")
    shop.ask_of_product("vase", "d", ago(days=0), "How tall is it?", None)
    shop.ask_of_product("unknown", "d", UNTIL, HOSTILE, "true")
    shop.ask(None, "d", UNTIL)
    return shop


def test_products_are_ranked_by_their_unanswered_questions_8_4(
    place: Home, warehouse: str, tell: Tell, say: Say
) -> None:
    publish_to(place, shop_of_products(), warehouse)
    found = tell("products", "--warehouse", warehouse)["products"]
    names = ("product_id", "title", "unanswered_count", "question_count", "question", "conversation_id")
    kettle, unknown = ([one[name] for name in names] for one in found)
    assert kettle == ["kettle", "The kettle", 2, 3, "How heavy is it?", "b"]
    assert unknown == ["unknown", None, 1, 1, shown(HOSTILE, ()), "d"]
    told = say("products", "--warehouse", warehouse)
    assert "How heavy is it?" in told
    assert "\x1b" not in told
    assert tell("products", "--account", "other", "--warehouse", warehouse)["products"] == []
    assert "there is no account 'nobody'" in say("products", "--account", "nobody", "--warehouse", warehouse, status=2)
    assert len(tell("products", "--limit", "1", "--warehouse", warehouse)["products"]) == 1


def test_they_are_those_of_conversations_that_started_on_the_dates_and_channels_8_4(
    place: Home, warehouse: str
) -> None:
    """They were those of all time, whatever dates and channel were chosen beside them."""
    shop, day = Shop(), UNTIL.date()
    for number, (channel, days) in enumerate([("email", 0), ("email", 1), ("web_chat", 1), ("web_chat", 9)]):
        shop.conversation(f"c{number}", channel=channel, started_on=day - timedelta(days=days))
        for _ in range(number + 1):
            shop.ask_of_product("kettle", f"c{number}", UNTIL, f"Is it {number}?", "true")
        shop.ask_of_product("kettle", f"c{number}", UNTIL, "Is it loud?", "false")
    publish_to(place, shop, warehouse)

    def found(dates: tuple[date, date] | None, *channels: str) -> list[tuple[int, int, int, str | None]]:
        with warehouse_of(place, warehouse).read() as reader:
            _, products = open_products(reader, "shop", 9, dates=dates, channels=channels)
        return [
            (one.unanswered_count, one.unanswered_conversation_count, one.question_count, one.conversation_id)
            for one in products
        ]

    yesterday, week = (day - timedelta(days=1),) * 2, (day - timedelta(days=6), day)
    assert [one[:3] for one in found(None)] == [(10, 4, 14)]
    assert [one[:3] for one in found(week)] == [(6, 3, 9)]
    assert [one[:3] for one in found(week, "email")] == [(3, 2, 5)]
    assert [one[:3] for one in found(yesterday, "email", "web_chat")] == [(5, 2, 7)]
    assert found(yesterday, "web_chat") == [(3, 1, 4, "c2")]  # and the example is one of these
    assert found(week, "sms") == found((date(2020, 1, 1), date(2020, 1, 1))) == []


def test_the_example_is_the_clearest_question_8_4(place: Home, warehouse: str, tell: Tell, say: Say) -> None:
    """It was the newest, whatever it said: "And the kettle?", a greeting, a name."""
    shop = Shop()
    shop.add("profiles", profile_id="ana", name="Ana Costa")
    for conversation in "abcde":
        shop.conversation(conversation, profile_id="ana")
    shop.ask_of_product(
        "kettle", "a", ago(days=9), "Hello,\n\nIs it safe for a hob with gas?\n\nBest regards, Ana", "true"
    )
    shop.ask_of_product("kettle", "b", ago(days=3), "Loud?", "true")
    shop.ask_of_product("kettle", "c", ago(days=2), "Is it dishwasher safe, " + "and if not why not, " * 20, "true")
    shop.ask_of_product("kettle", "d", ago(days=1), "And the extraordinarily beautiful stainless kettle, then?", "true")
    shop.ask_of_product("vase", "e", ago(days=2), "Hi Ana here!\n\nIs the lamp, order 123456, waterproof?", "false")
    shop.ask(None, "e", ago(days=1), "Can you confirm that?")
    shop.ask_of_product("vase", "e", UNTIL, "And the vase?", "true")
    publish_to(place, shop, warehouse)
    kettle, vase = tell("products", "--warehouse", warehouse)["products"]
    assert (kettle["question"], kettle["conversation_id"]) == ("Is it safe for a hob with gas?", "a")
    assert vase["question"] == "… here! Is the lamp, order …, waterproof? … And the vase?"
    assert "Is the lamp, order …, waterproof? … And the vase?" in " ".join(
        say("products", "--warehouse", warehouse).split()
    )


def test_no_open_product_is_said(place: Home, say: Say) -> None:
    shop = Shop()
    shop.conversation("c")
    shop.ask(None, "c", UNTIL)
    publish_to(place, shop)
    assert "No question about a product is known to have gone unanswered." in say("products")
