"""One conversation whole, on both warehouses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from flows.ground.errors import InputError
from flows.published.evidence import SalesTotals
from flows.published.products import Product, web_url
from flows.published.thread import MOST_ENTRIES, Entry, Thread, Ticket, thread
from flows.warehouses.reader import Reader
from tests.published.conftest import Read, account_of
from tests.published.shop import HOSTILE, MIDNIGHT, Shop

TALK = "it's %_\\ 👩‍👩‍👧‍👦"  # an id
SHOE = Product("shoe", "<b>Shoe</b>", "https://shop.example/shoe?a=1&b=2")


def talked_shop() -> Shop:
    shop = Shop()
    shop.product("shoe", SHOE.title, SHOE.url)
    shop.product("lace", "Lace", "javascript:alert(1)")
    shop.product("shoe", "Of the other account", "https://other.example", account_id="other")
    shop.conversation(
        TALK,
        "routed",
        profile_name="Ana",
        profile_id="p",
        initial_skill="sizes",
        final_skill="returns",
        escalation_reason="complaint",
        handoff_method="ticket",
        ticket_platform="zendesk",
        ticket_id="7",
        closed_by="handoff",
        handed_off_at=MIDNIGHT + timedelta(minutes=4),
        closed_at=MIDNIGHT + timedelta(minutes=9),
    )
    shop.say(TALK, -1, "system", text=None)
    shop.say(TALK, 0, "visitor", text=HOSTILE[2])
    shop.say(TALK, 1, skill="sizes", recommended_product_ids="['shoe', 'gone', 'lace', 'shoe']")
    shop.click(TALK, 2, product_id="shoe", url="https://shop.example/shoe", interaction_id="z")
    shop.click(TALK, 2, "link_click", product_id=None, url="javascript:alert(1)", interaction_id="a")
    shop.click(TALK, 2, "add_to_cart", product_id="lace", quantity=3, url=None, interaction_id="m")
    shop.say(TALK, 2, "human", text="")
    shop.step(TALK, 2, "offered", reason="complaint", platform=None, ticket_id=None)
    shop.step(TALK, 4, "ticket_created", reason=None, platform="zendesk", ticket_id="7")
    shop.sell(TALK, "line 2", "order", "20.25", hours=2, net_revenue="10", touch_id="z", quantity=2)
    shop.sell(TALK, "line 1", "order", "1", hours=2, product_id="gone", touch_type="delivery", touch_id=f"{TALK}/2")
    shop.sell(TALK, "line 0", "later", "2", hours=1)
    shop.conversation("silent", profile_id=None)
    shop.conversation("of the other account", account_id="other")
    shop.say("silent", 0, "visitor", text="Of another conversation")
    shop.sell("silent", "line 9", "order 9", "99")
    return shop


@pytest.fixture(scope="module")
def reader(read: Read) -> Reader:
    return read(talked_shop())


@pytest.fixture(scope="module")
def talk(reader: Reader) -> Thread:
    return thread(reader, account_of(reader), TALK)


def test_a_thread_is_in_time_order(talk: Thread) -> None:
    assert [(one.kind, one.what, (one.at - MIDNIGHT).total_seconds() / 60) for one in talk.entries] == [
        ("message", "system", -1),
        ("message", "visitor", 0),
        ("message", "agent", 1),
        ("message", "human", 2),
        ("interaction", "link_click", 2),
        ("interaction", "add_to_cart", 2),
        ("interaction", "product_card_click", 2),
        ("handoff", "offered", 2),
        ("handoff", "ticket_created", 4),
    ]
    assert talk.entries[0].at.tzinfo is UTC
    assert not talk.is_cut


def test_entries_have_what_belongs_to_them(talk: Thread) -> None:
    system, visitor, agent, human, link, cart, card, offered, ticket = talk.entries
    assert (system.text, visitor.text, human.text) == (None, HOSTILE[2], "")
    assert (agent.text, agent.skill, agent.entry_id) == ("Here", "sizes", f"{TALK}/2")
    assert agent.products == (SHOE, Product("gone", None, None), Product("lace", "Lace", None))
    assert card == Entry(
        at=MIDNIGHT + timedelta(minutes=2),
        kind="interaction",
        entry_id="z",
        what="product_card_click",
        text=None,
        skill=None,
        products=(SHOE,),
        quantity=1,
        url="https://shop.example/shoe",
        reason=None,
        ticket=None,
    )
    assert (link.products, link.url) == ((), None)
    assert (cart.products[0].title, cart.quantity) == ("Lace", 3)
    assert (offered.reason, offered.ticket, ticket.ticket) == ("complaint", None, Ticket("zendesk", "7"))


def test_a_thread_has_its_conversation(talk: Thread) -> None:
    one = talk.conversation
    assert (one.conversation_id, one.status, one.profile_name, one.profile_id) == (TALK, "routed", "Ana", "p")
    assert (one.closed_at, one.closed_by) == (datetime(2026, 6, 1, 3, 9, tzinfo=UTC), "handoff")
    assert (one.handoff_method, one.ticket_platform, one.ticket_id) == ("ticket", "zendesk", "7")
    assert (one.handed_off_at, one.escalation_reason) == (MIDNIGHT + timedelta(minutes=4), "complaint")
    assert (one.initial_skill, one.final_skill, one.attributed_revenue) == ("sizes", "returns", Decimal("23.25"))


def test_a_thread_has_what_was_bought_because_of_it(talk: Thread) -> None:
    assert talk.totals == SalesTotals(3, 2, Decimal("23.25"), Decimal(10))
    assert [one.order_line_id for one in talk.sales] == ["line 1", "line 2", "line 0"]
    unknown, known, _ = talk.sales
    assert (unknown.product, unknown.touch_type, unknown.touch_id) == (
        Product("gone", None, None),
        "delivery",
        f"{TALK}/2",
    )
    assert (known.product, known.quantity, known.revenue, known.net_revenue) == (
        SHOE,
        Decimal(2),
        Decimal("20.25"),
        Decimal(10),
    )
    assert (known.touched_at, known.placed_at) == (MIDNIGHT, MIDNIGHT + timedelta(hours=2))
    assert (known.order_id, known.conversation_id, known.profile_name) == ("order", TALK, "Ana")


def test_a_thread_of_one_message(reader: Reader) -> None:
    found = thread(reader, account_of(reader), "silent")
    assert [one.text for one in found.entries] == ["Of another conversation"]
    assert (found.conversation.closed_at, found.conversation.ticket_id) == (None, None)
    assert found.totals.revenue == 99


@pytest.mark.parametrize("name", ["of the other account", "", "silent%", "' or ''='", "\x00", "\ud800"])
def test_what_is_no_conversation_of_the_account_is_refused(reader: Reader, name: str) -> None:
    with pytest.raises(InputError, match=r"^conversation: "):
        thread(reader, account_of(reader), name)


def test_an_endless_thread_is_cut(read: Read) -> None:
    shop = Shop()
    for name, messages in (("whole", MOST_ENTRIES - 1), ("cut", MOST_ENTRIES)):
        shop.conversation(name)
        for number in range(messages):
            texts = {"message_id": f"{name}/{number}", "sender": "visitor", "text": str(number)}
            shop.add("messages", conversation_id=name, position=number + 1, sent_at=MIDNIGHT, **texts)
        shop.step(name, 1, "offered")
    reader = read(shop)
    whole, cut = (thread(reader, account_of(reader), name) for name in ("whole", "cut"))
    assert (len(whole.entries), whole.is_cut, whole.entries[-1].kind) == (MOST_ENTRIES, False, "handoff")
    assert (len(cut.entries), cut.is_cut) == (MOST_ENTRIES, True)
    assert [one.text for one in cut.entries] == [str(number) for number in range(MOST_ENTRIES)]


def test_who_sees_no_texts_sees_what_happened(read_limited: Read) -> None:
    limited = read_limited(talked_shop())
    found = thread(limited, account_of(limited), TALK)
    assert len(found.entries) == 9
    assert {(one.text, one.url) for one in found.entries} == {(None, None)}
    assert found.entries[2].products[0] == SHOE
    assert (found.conversation.first_question, found.conversation.profile_name) == (None, None)
    assert (found.sales[0].profile_name, found.sales[0].profile_id, found.totals.lines) == (None, "p", 3)


@pytest.mark.parametrize("url", ["https://a.example", "HTTP://a.example/ü?x=%20#y", "http://[::1]:80/"])
def test_addresses_of_the_web_may_be_links(url: str) -> None:
    assert web_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt://a.example/%0aalert(1)",
        " https://a.example",
        "https:a.example",
        "https://",
        "//a.example",
        "data:text/html,x",
        'https://a.example/"onclick=',
        "https://a.example/<b>",
        "https://a.example/\u202e",
        "java\nscript:x",
        "https://[",
        "https://a.example\\@b.example",
    ],
)
def test_nothing_else_may(url: str | None) -> None:
    assert web_url(url) is None
