"""One conversation of the demo, from the first message to the last; times as in `shop`."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from flows.demo.dice import Dice
from flows.demo.phrases import casual
from flows.demo.shop import DAY, HOUR, MINUTE, Row, Shop, Shopper

SECOND = 1000
VISITOR_PAUSE = {
    "web_chat": (6 * SECOND, 90 * SECOND),
    "whatsapp": (15 * SECOND, 12 * MINUTE),
    "sms": (MINUTE, 40 * MINUTE),
    "email": (15 * MINUTE, 9 * HOUR),
}
AGENT_PAUSE = {"web_chat": (2, 9), "whatsapp": (3, 12), "sms": (4, 20), "email": (40, 240)}  # seconds


class Intent(NamedTuple):
    """What a shopper wants: how often (per mille), and what tends to come of it."""

    name: str
    tag: str
    skill: str | None
    weight: int
    handoff: float
    cards: float = 0.0
    reason: str = "shopper_request"
    is_gap: bool = False


INTENTS = (
    Intent("order_status", "orders", "order_tracking", 175, 0.19, reason="delivery_problem"),
    Intent("delivery_time", "shipping", "shipping", 95, 0.07),
    Intent("return", "returns", "returns", 95, 0.20, reason="refund_question"),
    Intent("exchange", "returns", "returns", 55, 0.15),
    Intent("size", "products", "size_advice", 110, 0.05, cards=0.35),
    Intent("advice", "products", "product_recommendation", 145, 0.05, cards=0.95),
    Intent("stock", "products", "product_search", 90, 0.07, cards=0.75),
    Intent("discount", "promotions", "promotions", 75, 0.08, cards=0.25),
    Intent("payment", "orders", "payment", 40, 0.24, reason="payment_problem"),
    Intent("cancel", "orders", "order_changes", 30, 0.25),
    Intent("care", "products", "product_care", 30, 0.03),
    Intent("complaint", "complaints", "returns", 45, 0.75, reason="complaint"),
    Intent("human", "other", None, 25, 0.92),
    Intent("small_talk", "other", "small_talk", 20, 0.0),
    *(
        Intent(name, "other", None, 0, 0.65, reason="knowledge_gap", is_gap=True)
        for name in ("gift", "wholesale", "materials", "store", "repair", "rental")
    ),
)


class Slots(dict[str, object]):
    """What the texts of a conversation are filled with; an order is looked up only where a text names one."""

    def __init__(self, thread: Thread, values: dict[str, object]) -> None:
        super().__init__(values)
        self.thread = thread

    def __missing__(self, slot: str) -> object:
        if slot != "order":
            raise KeyError(slot)
        return self.thread.order["order_id"]


class Thread:
    """A conversation under way: `at` is its clock; speaking and acting add landing rows to the shop."""

    def __init__(self, shop: Shop, shopper: Shopper, channel: str, intent: Intent, at: int) -> None:
        self.shop = shop
        self.shopper = shopper
        self.channel = channel
        self.at = at
        self.dice: Dice = shop.dice
        self.phrases = shop.phrases[shopper.language]
        self.product_id = ""
        self.slots = self._slots()
        knows_profile = self.dice.chance({"web_chat": 0.55, "email": 0.5, "sms": 0.95, "whatsapp": 0.85}[channel])
        self.row = shop.add(
            "conversations",
            conversation_id=shop.new_id("c"),
            channel=channel,
            created_at=at,
            visitor_id=self.dice.pick(shopper.visitor_ids) if channel == "web_chat" else None,
            profile_id=shopper.profile_at(at) if knows_profile else None,
            tag=None if self.dice.chance(0.04) else intent.tag,
        )

    @cached_property
    def order(self) -> Row:
        """The order that this conversation is about; there is one as soon as it is spoken of."""
        return self.shop.recent_order(self.shopper, self.row["created_at"])

    def _slots(self) -> Slots:
        facts, dice, language = self.shop.facts, self.dice, self.shopper.language
        self.product_id, product, _ = dice.pick_early(self.shop.products)
        article = "a" if product.split()[0].endswith("a") else "o"  # Portuguese: a calça, o vestido
        size = dice.between(0, 3)
        slots = {
            "product": product,
            "product2": dice.pick_early(self.shop.products)[1],
            "o": article,
            "O": article.upper(),
            "size": facts["sizes"][size],
            "size2": facts["sizes"][size + 1],
            "city": dice.pick(facts["cities"]),
            "days": dice.between(2, 9),
            "digit": dice.between(1, 9),
            "use": dice.pick(facts["uses"][language]),
            "item": dice.pick(facts["items"][language]),
            "code": dice.pick(facts["codes"]),
            "name": self.shopper.first_name,
            "human": dice.pick(facts["humans"]),
        }
        return Slots(self, slots)

    def _message(self, sender: str, text: str, **columns: Any) -> str:
        message_id = self.shop.new_id("m")
        conversation_id = self.row["conversation_id"]
        self.shop.add(
            "messages",
            message_id=message_id,
            conversation_id=conversation_id,
            sender=sender,
            sent_at=self.at,
            text=text,
            **columns,
        )
        return message_id

    def visitor(self, section: str, text: str | None = None, *, is_first: bool = False) -> None:
        """The shopper writes a line of `section`, or `text`."""
        dice = self.dice
        if not is_first:
            self.at += dice.between(*VISITOR_PAUSE[self.channel])
        text = text or self.phrases.say(section, "?", self.slots, dice)
        if self.channel == "email":
            hello, sign = (self.phrases.say(part, "?", self.slots, dice) for part in ("hello", "sign"))
            text = f"{hello},\n\n{text}\n\n{sign}"
        elif is_first and dice.chance(0.6):
            hello = self.phrases.say("hello", "?", self.slots, dice)
            if dice.chance(0.2):  # first only "hello", the question in a second message
                self._message("visitor", casual(hello, dice))
                self.at += dice.between(3 * SECOND, 30 * SECOND)
            else:
                text = f"{hello}{dice.pick(('!', ',', '.', ''))} {text}"
        self._message("visitor", text if self.channel == "email" or "@" in text else casual(text, dice))

    def agent(self, section: str, text: str | None = None, *, skill: str | None = None, cards: bool = False) -> None:
        """The agent answers; with `cards` it recommends products, and the shopper may click and buy."""
        self.at += self.dice.between(*AGENT_PAUSE[self.channel]) * SECOND + self.dice.between(0, 999)
        text = text or self.phrases.say(section, "!", self.slots, self.dice)
        products: list[str] | None = None
        if cards:
            catalogue = [product_id for product_id, _, _ in self.shop.products]
            products = self.dice.some_early(catalogue, self.dice.between(1, 4), self.product_id)
        message_id = self._message("agent", text, skill=skill, recommended_product_ids=products)
        if products:
            self._react(message_id, products)
        elif self.dice.chance(0.06):
            article = self.dice.between(1, len(self.shop.facts["articles"]))
            self._interaction("link_click", message_id, self._later(3 * MINUTE), url=self.shop.url(f"help/{article}"))

    def system(self, section: str) -> None:
        """An automatic line."""
        self.at += SECOND
        self._message("system", self.phrases.say(section, "-", self.slots, self.dice))

    def human(self, section: str) -> None:
        """A person of the team writes."""
        self.at += self.dice.between(20 * SECOND, 6 * MINUTE)
        self._message("human", self.phrases.say(section, "*", self.slots, self.dice))

    def step(self, kind: str, **columns: Any) -> None:
        """A hand-off event, now."""
        event_id, conversation_id = self.shop.new_id("h"), self.row["conversation_id"]
        self.shop.add(
            "handoff_events",
            handoff_event_id=event_id,
            conversation_id=conversation_id,
            type=kind,
            occurred_at=self.at,
            **columns,
        )

    def _later(self, most: int) -> int:
        return self.at + self.dice.between(2 * SECOND, most)

    def _interaction(self, kind: str, message_id: str, at: int, **columns: Any) -> Row:
        gives_profile = self.dice.chance(0.6)
        return self.shop.add(
            "interactions",
            interaction_id=self.shop.new_id("i"),
            conversation_id=self.row["conversation_id"],
            message_id=message_id,
            type=kind,
            occurred_at=at,
            visitor_id=self.row["visitor_id"],
            profile_id=self.shopper.profile_at(at) if gives_profile else None,
            **columns,
        )

    def _react(self, message_id: str, products: list[str]) -> None:
        """Openings, clicks, carts and orders that the cards of a message bring."""
        dice, is_sms, bought_at = self.dice, self.channel == "sms", None
        if is_sms and dice.chance(0.6):
            self._interaction("message_opened", message_id, self._later(3 * HOUR))
            if dice.chance(0.04):
                bought_at = self._later(20 * HOUR)
        chosen = products[0]
        if dice.chance({"web_chat": 0.6, "whatsapp": 0.35, "sms": 0.45, "email": 0.25}[self.channel]):
            chosen = dice.pick_early(products)
            clicked_at = self._later(25 * MINUTE)
            kind = "link_click" if is_sms and dice.chance(0.5) else "product_card_click"
            self._interaction(kind, message_id, clicked_at, product_id=chosen, url=self.shop.url(f"p/{chosen}"))
            if dice.chance(0.4):
                quantity = dice.pick((1, 1, 1, 1, 2, 3))
                cart_at = clicked_at + dice.between(10 * SECOND, 10 * MINUTE)
                self._interaction("add_to_cart", message_id, cart_at, product_id=chosen, quantity=quantity)
            if dice.chance(0.42):
                waits = ((3 * MINUTE, 2 * HOUR), (3 * MINUTE, 5 * HOUR), (2 * HOUR, 23 * HOUR), (25 * HOUR, 6 * DAY))
                bought_at = clicked_at + dice.between(*dice.pick(waits))
        if bought_at is not None:
            self.shop.place_order(self.shopper, bought_at, chosen)
