"""How conversations go: the question, answers, further questions, a hand-off or a farewell, the end."""

from __future__ import annotations

from flows.demo.shop import DAY, HOUR, MINUTE
from flows.demo.thread import SECOND, Intent, Thread


def converse(thread: Thread, intent: Intent, second: Intent) -> None:
    """Everything that happens in one conversation about `intent`, perhaps also about `second`."""
    dice = thread.dice
    if thread.channel == "sms" and dice.chance(0.55):  # the shop writes first
        thread.agent("campaign", skill="promotions", cards=True)
        if dice.chance(0.06):
            return  # and nobody answers
        thread.visitor(intent.name)
    else:
        thread.visitor(intent.name, is_first=True)
    answer(thread, intent)
    for _ in range(2):
        if dice.chance(0.3):
            question, reply = thread.phrases.pair(thread.slots, dice)
            thread.visitor("more", question)
            thread.agent("more", reply, skill=intent.skill)
    if dice.chance(intent.handoff):
        hand_off(thread, intent.reason)
    else:
        if dice.chance(0.25) and not second.is_gap:
            thread.visitor(second.name)
            answer(thread, second)
        farewell(thread)
    end(thread)


def answer(thread: Thread, intent: Intent) -> None:
    """The agent answers, and what was asked for is done."""
    if intent.is_gap:
        thread.agent("unknown")
        return
    thread.agent(intent.name, skill=intent.skill, cards=thread.dice.chance(intent.cards))
    if intent.name == "return" and thread.dice.chance(0.6):
        thread.shop.refund(thread.order)
    if intent.name == "cancel" and thread.dice.chance(0.7):
        thread.order["cancelled_at"] = thread.at


def farewell(thread: Thread) -> None:
    """Thanks, silence, or a last question that nobody answers."""
    dice = thread.dice
    if dice.chance(0.08):
        thread.visitor("unanswered")
    elif dice.chance(0.42):
        thread.visitor("thanks")
        if dice.chance(0.88):
            thread.agent("thanks")


def hand_off(thread: Thread, reason: str) -> None:
    """The ways from the agent to people."""
    dice = thread.dice
    if dice.chance(0.2):
        show_contact(thread, reason)
        return
    if dice.chance(0.85):
        thread.agent("offer")
        thread.step("offered", reason=reason)
        if dice.chance(0.1):
            return  # no answer to the offer
        if dice.chance(0.12):
            thread.visitor("decline")
            thread.step("declined")
            thread.agent("decline")
            return
        thread.visitor("accept")
        thread.step("accepted", reason=reason if dice.chance(0.8) else None)
    ask_email(thread)
    way = dice.random()
    if way < 0.3:
        human_help(thread, reason)
    elif way < 0.95:
        open_ticket(thread, reason)


def show_contact(thread: Thread, reason: str) -> None:
    """Nobody is there: the agent shows its hand-off message."""
    thread.system("office")
    thread.agent("contact")
    thread.step("message_sent", reason=reason)
    if thread.dice.chance(0.2):
        thread.visitor("thanks")


def ask_email(thread: Thread) -> None:
    """The agent asks where the team can write to, unless it knows."""
    if thread.channel == "email" or (thread.row["profile_id"] and thread.dice.chance(0.7)):
        return
    thread.agent("ask_email")
    email = thread.shopper.email
    thread.visitor("email", email)
    thread.step("email_provided", email=email.capitalize() if thread.dice.chance(0.2) else email)


def human_help(thread: Thread, reason: str) -> None:
    """A person joins and sees to it."""
    dice = thread.dice
    thread.at += dice.between(20 * SECOND, 15 * MINUTE)
    thread.step("human_joined", reason=reason, platform=dice.draw(thread.shop.platforms))
    thread.system("joined")
    thread.human("human_hello")
    if dice.chance(0.5):
        thread.visitor("unanswered")
    thread.human("human_answer")
    if dice.chance(0.6):
        thread.visitor("thanks")
    thread.human("human_bye")
    if dice.chance(0.6):
        close(thread, "human")


def open_ticket(thread: Thread, reason: str) -> None:
    """A helpdesk ticket; some shoppers come back before the team has answered."""
    dice, shop = thread.dice, thread.shop
    platform, ticket_id = dice.draw(thread.shop.platforms), shop.new_id("")
    thread.slots["ticket"] = f"#{ticket_id}"
    thread.agent("ticket")
    thread.step("ticket_created", reason=reason, platform=platform, ticket_id=ticket_id)
    replied_at = thread.at + dice.between(20 * MINUTE, 30 * HOUR) if dice.chance(0.94) else None
    solved_at = replied_at + dice.between(MINUTE, 3 * DAY) if replied_at and dice.chance(0.9) else None
    shop.add(
        "tickets",
        platform=platform,
        ticket_id=ticket_id,
        conversation_id=thread.row["conversation_id"],
        status="solved" if solved_at and solved_at <= shop.until else "open",
        created_at=thread.at,
        first_human_reply_at=replied_at,
        solved_at=solved_at,
        # By its number, so that no die is cast for it and everything else stays as it was.
        reopen_count=int(int(ticket_id) % 9 == 0) if solved_at and solved_at <= shop.until else 0,
        satisfaction=("good" if dice.chance(0.8) else "bad")
        if solved_at and solved_at <= shop.until and dice.chance(0.4)
        else None,
    )
    if dice.chance(0.12):  # reopened
        thread.at += dice.between(HOUR, 20 * HOUR)
        thread.visitor("reopen")
        if dice.chance(0.6):
            thread.human("human_hello")
            thread.human("human_answer")


def end(thread: Thread) -> None:
    """Who closes it; most conversations are left to time out."""
    dice, row = thread.dice, thread.row
    if "closed_at" not in row:
        who = dice.random()
        if who < 0.14:
            close(thread, "visitor")
        elif who < 0.2:
            close(thread, "agent")
    row["source_status"] = "closed" if row.get("closed_at", thread.shop.until) < thread.shop.until else "active"


def close(thread: Thread, by: str) -> None:
    """Somebody closes the conversation, a little after its last message."""
    thread.row["closed_at"] = thread.at + thread.dice.between(5 * SECOND, 20 * MINUTE)
    thread.row["closed_by"] = by
