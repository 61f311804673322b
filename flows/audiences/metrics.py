"""What conditions can ask of: metrics, which are events of shoppers with properties, and what profiles have.

Each metric is a query over published tables. It gives `account_id`, `profile_id` or, of a conversation whose shopper
nobody knows, `conversation_id`, then `occurred_at` and what the metric's properties are made of.
`{{name}}` stands for a published table, or for what engines do not spell alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

MOST_NAMED = 20
Kind = Literal["string", "number", "boolean", "list"]


@dataclass(frozen=True)
class Property:
    """What a condition can ask of: its type, its SQL, and what Klaviyo calls it (None: Klaviyo has it not)."""

    type: Kind
    sql: str
    klaviyo: str | None = None
    about: str = ""


@dataclass(frozen=True)
class Metric:
    """Events of shoppers. `klaviyo` is Klaviyo's name of the metric, None where it has none such."""

    name: str
    about: str
    rows: str
    properties: Mapping[str, Property] = field(hash=False)
    at: str = "occurred_at"
    value: str | None = None
    klaviyo: str | None = None

    @property
    def told_by(self) -> str:
        """SQL after `from`: rows with an `account_id`, of which an account has some where the metric ever came."""
        return "{{knowledge_gap_questions}}" if self.rows.startswith("(") else self.rows.partition(" as ")[0]


# Automatic messages have positions, too, and are nobody's word (rule 3.2).
LAST_SENDER = """select {{last_sender}} from {{messages}} as messages
                where messages.account_id = conversations.account_id
                and messages.conversation_id = conversations.conversation_id
                and messages.sender <> 'system'"""

HANDOFF_OUTCOME = """(select max(handoffs.outcome) from {{handoffs}} as handoffs
                where handoffs.account_id = conversations.account_id
                and handoffs.conversation_id = conversations.conversation_id)"""


_OF_AGENT_EVENTS = {
    "channel": Property("string", "channel", "Channel"),
    "tag": Property("string", "tag", "Tags"),
    "initial_skill": Property("string", "initial_skill"),
    "final_skill": Property("string", "final_skill", "Skill"),
    "escalation_reason": Property("string", "escalation_reason", "Escalation reason"),
    "product_ids": Property("list", "product_ids", "Product IDs"),
}


def _agent_event(name: str, event: str, about: str, *has: str) -> Metric:
    """An event of rule 7.1; `has` are the properties that it can have, besides its channel."""
    properties = {one: _OF_AGENT_EVENTS[one] for one in ("channel", *has)}
    return Metric(name, about, f"{{{{agent_events}}}} where event = '{event}'", properties, klaviyo=name)


def _interaction(name: str, kind: str, about: str) -> Metric:
    return Metric(
        name,
        about,
        f"{{{{interactions}}}} where type = '{kind}'",
        {
            "product_id": Property("string", "product_id"),
            "url": Property("string", "url"),
            "quantity": Property("number", "quantity"),
        },
        value="quantity",
    )


_ALL = (
    _agent_event(
        "Started conversation with Customer Agent",
        "conversation_started",
        "the shopper began to write (rule 7.1)",
        "initial_skill",
    ),
    _agent_event(
        "Conversation with Customer Agent resolved",
        "conversation_resolved",
        "a conversation was resolved",
        *("tag", "final_skill"),
    ),
    _agent_event(
        "Conversation with Customer Agent escalated",
        "conversation_escalated",
        "a conversation was handed over",
        *("tag", "escalation_reason"),
    ),
    _agent_event(
        "Received product recommendation from Customer Agent",
        "product_recommended",
        "the agent showed products",
        "product_ids",
    ),
    Metric(
        "Placed Order",
        "an order, also one that was cancelled later; its value is what was paid (rule 5.4)",
        "{{orders}}",
        {
            "is_cancelled": Property("boolean", "cancelled_at is not null"),
            "is_refunded": Property("boolean", "net_revenue < revenue", about="in part or whole"),
            "revenue": Property("number", "revenue", "$value"),
            "net_revenue": Property("number", "net_revenue"),
        },
        at="placed_at",
        value="revenue",
        klaviyo="Placed Order",
    ),
    Metric(
        "Cancelled Order",
        "an order that was cancelled, when that happened",
        "{{orders}} where cancelled_at is not null",
        {"revenue": Property("number", "revenue", "$value")},
        at="cancelled_at",
        value="revenue",
        klaviyo="Cancelled Order",
    ),
    Metric(
        "Ordered Product",
        "a line of an order",
        "{{order_lines}}",
        {
            "product_id": Property("string", "product_id", "ProductID"),
            "quantity": Property("number", "quantity", "Quantity"),
            "revenue": Property("number", "revenue", "$value"),
        },
        at="placed_at",
        value="revenue",
        klaviyo="Ordered Product",
    ),
    Metric(
        "Ordered because of Customer Agent",
        "a line of an order that a conversation brought (chapter 5), inferred touches left out",
        "{{attributed_order_lines}} where touch_type <> 'inferred'",
        {
            "channel": Property("string", "channel"),
            "touch_type": Property("string", "touch_type"),
            "product_id": Property("string", "product_id"),
        },
        at="placed_at",
        value="revenue",
    ),
    _interaction("Clicked Product Card", "product_card_click", "a click on a product that the agent showed"),
    _interaction("Clicked Link", "link_click", "a click on a link of the agent"),
    _interaction("Added to Cart in conversation", "add_to_cart", "a product put into the cart from the conversation"),
    Metric(
        "Had conversation",
        "a conversation as it stands now, when it began",
        "{{conversations}} as conversations",
        {
            "status": Property("string", "status"),
            "channel": Property("string", "channel"),
            "tag": Property("string", "tag"),
            "agent": Property("string", "agent"),
            "initial_skill": Property("string", "initial_skill"),
            "final_skill": Property("string", "final_skill"),
            "escalation_reason": Property("string", "escalation_reason"),
            "handoff_method": Property("string", "handoff_method"),
            "rating": Property("number", "rating"),
            "attributed_revenue": Property("number", "attributed_revenue"),
            "is_waiting": Property(
                "boolean",
                f"status in ('open', 'routed') and coalesce(({LAST_SENDER}), '') = 'visitor'",
                about="the shopper spoke last, and nobody has closed or resolved it",
            ),
            "met_a_person": Property("boolean", "human_message_count > 0", about="a person of the team wrote"),
            "handoff_outcome": Property(
                "string",
                HANDOFF_OUTCOME,
                about="what came of the hand-off (rule 13.2), such as answered",
            ),
            "is_recontacted": Property(
                "boolean", "is_recontacted", about="it was resolved, and the shopper came back (rule 13.4)"
            ),
            "is_deflected": Property(
                "boolean", "is_deflected", about="its last word sends the shopper to another channel (rule 13.5)"
            ),
        },
        at="started_at",
        value="attributed_revenue",
    ),
    Metric(
        "Opened ticket",
        "a helpdesk ticket (rule 4.4)",
        "{{tickets}}",
        {
            "platform": Property("string", "platform"),
            "status": Property("string", "status"),
            "is_solved": Property("boolean", "solved_at is not null"),
            "was_answered": Property("boolean", "first_human_reply_at is not null"),
            "satisfaction": Property("string", "satisfaction"),
        },
        at="created_at",
    ),
    Metric(
        "Asked question",
        "a question to the agent, with its topic (chapter 8)",
        """(
            select
                questions.account_id, questions.conversation_id, questions.asked_at, questions.is_covered,
                conversations.profile_id, topics.topic_id, topics.label,
                topics.is_gap and questions.kind <> 'other' as is_gap
            from {{knowledge_gap_questions}} as questions
            inner join {{conversations}} as conversations
                on questions.account_id = conversations.account_id
                and questions.conversation_id = conversations.conversation_id
            left join {{knowledge_gap_topics}} as topics
                on questions.account_id = topics.account_id and questions.topic_id = topics.topic_id
        ) as questions""",
        {
            "topic_id": Property("string", "topic_id"),
            "topic": Property("string", "label"),
            "is_gap": Property(
                "boolean", "coalesce(is_gap, false)", about="the topic is a knowledge gap; praise in it is none"
            ),
            "is_covered": Property("boolean", "is_covered", about="an article answers the question"),
        },
        at="asked_at",
    ),
)
METRICS: Mapping[str, Metric] = {one.name: one for one in _ALL}
WITHOUT_CONVERSATION = frozenset({"Placed Order", "Cancelled Order", "Ordered Product"})  # who is not known is nobody
PROFILE: Mapping[str, Property] = {
    "profile_id": Property("string", "profile_id", "id"),
    "email": Property("string", "email", "email"),
    "phone_number": Property("string", "phone", "phone_number"),
    "name": Property("string", "name"),
}


def near(name: str, known: Iterable[str]) -> str:
    """A hint: the known name that looks like it, else those that there are."""
    names = sorted(known)
    if found := get_close_matches(name, names, 1, 0.5):
        return f"; did you mean {found[0]!r}?"
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"; there are {', '.join(names[:MOST_NAMED])}{more}" if names else "; there are none"
