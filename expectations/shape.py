"""What the contract itself says about every published table: its columns, its grain, its values, its clock."""

from __future__ import annotations

import contract
from expectations.verdict import Check

# `publications` is written when the candidate is published; until then it is empty.
TABLES = {name: table for name, table in contract.metrics().items() if name != "publications"}

# Physical types in the words of the engine's catalogue (head of contract/metrics.yml).
_PHYSICAL = {
    "string": "VARCHAR",
    "json": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "list<string>": "VARCHAR[]",
}

# Columns beside the grain without which a row says nothing.
_FILLED = {
    "accounts": ["timezone", "currency"],
    "articles": ["title", "is_published"],
    "conversations": [
        "channel", "status", "legacy_status", "profile_name",
        "message_count", "visitor_message_count", "agent_message_count", "human_message_count",
        "started_at", "started_on", "last_message_at",
        "link_clicks", "add_to_cart_items", "attributed_orders", "attributed_revenue", "net_attributed_revenue",
    ],
    "messages": ["conversation_id", "position", "sender", "sent_at", "sent_on"],
    "interactions": ["conversation_id", "type", "occurred_at", "occurred_on"],
    "handoff_steps": ["conversation_id", "type", "occurred_at"],
    "agent_events": ["event", "event_name", "occurred_at", "conversation_id", "channel"],
    "attributed_order_lines": [
        "order_id", "product_id", "conversation_id", "channel", "touch_type", "touch_id", "touched_at",
        "placed_at", "placed_on", "quantity", "revenue", "net_revenue", "currency",
    ],
    "daily_performance": [
        "conversations", "link_clicks", "add_to_cart_items",
        "attributed_orders", "attributed_revenue", "net_attributed_revenue",
    ],
    "daily_skill_usage": ["messages", "conversations"],
    "skills": ["label", "is_available", "messages", "conversations"],
    "knowledge_gap_topics": [
        "label", "representative_question", "question_count", "conversation_count", "handed_off_conversation_count",
        "first_asked_at", "last_asked_at", "coverage_score", "is_gap",
    ],
    "knowledge_gap_questions": ["conversation_id", "asked_at", "coverage_score", "is_covered"],
    "knowledge_gap_closures": [
        "article_id", "conversations_before", "handed_off_before", "conversations_after", "handed_off_after",
    ],
    "knowledge_gap_topic_changes": ["topic_id", "change", "changed_at"],
    "knowledge_gap_totals": ["question_count", "unassigned_question_count", "topic_count", "gap_count"],
    "segments": ["member_count"],
    "reconciled_figures": ["source", "first_on", "last_on", "statistic", "theirs", "reported_at"],
    "rejected_rows": ["table", "reason", "payload"],
}  # fmt: skip


def _landed(table: str, column: str) -> tuple[str, ...]:
    return contract.landing()[table].column(column).values


# Values that a published column takes over from a landing table.
_VALUES = {
    ("conversations", "channel"): _landed("conversations", "channel"),
    ("messages", "sender"): _landed("messages", "sender"),
    ("interactions", "type"): _landed("interactions", "type"),
    ("handoff_steps", "type"): _landed("handoff_events", "type"),
    ("agent_events", "channel"): _landed("conversations", "channel"),
    ("attributed_order_lines", "channel"): ("web_chat", "sms"),
    ("attributed_order_lines", "touch_type"): ("click", "open", "delivery"),
    ("daily_performance", "channel"): _landed("conversations", "channel"),
    ("daily_performance", "status"): contract.metrics()["conversations"].column("status").values,
    ("daily_skill_usage", "channel"): _landed("conversations", "channel"),
} | {(table.name, column.name): column.values for table in TABLES.values() for column in table.columns if column.values}

# Clocks of their own (rules 1.4, 10.1): they may run past an as-of that lies in the past.
_OWN_CLOCK = {
    ("segment_members", "entered_at"),
    ("rejected_rows", "rejected_at"),
    ("reconciled_figures", "reported_at"),
}


def quoted(name: str) -> str:
    """A column's name, of which some (`table`, `position`) are words of SQL."""
    return f"{{q}}{name}{{q}}"


def _columns(table: contract.Table) -> Check:
    wanted = ", ".join(
        f"({position}, '{column.name}', '{_PHYSICAL[column.type]}')"
        for position, column in enumerate(table.columns, start=1)
    )
    return Check(
        table.name,
        f"{table.name} has the columns and types of the contract, in their order",
        f"""
        select
            coalesce(contract.place, found.place) as place,
            contract.column_name as contract_column, contract.data_type as contract_type,
            found.column_name as found_column, found.data_type as found_type
        from (values {wanted}) as contract (place, column_name, data_type)
        full join (select * from {{columns}} where table_name = '{table.name}') as found
            on contract.place = found.place
        where
            contract.column_name is distinct from found.column_name
            or contract.data_type is distinct from found.data_type""",
        rule="metrics.yml",
    )


def _grain(table: contract.Table) -> list[Check]:
    key = ", ".join(quoted(name) for name in table.key)
    named = ", ".join(table.key)
    missing = " or ".join(
        f"{quoted(name)} is null" for name in dict.fromkeys((*table.key, *_FILLED.get(table.name, [])))
    )
    return [
        Check(
            table.name,
            f"{table.name} has one row for each {named}",
            # What changed may stand twice with what did not.
            f"select {key}, count(*) as copies from {{twins[{table.name}]}} group by {key} having count(*) > 1",
            rule="metrics.yml",
        ),
        Check(
            table.name,
            f"{table.name} has no gaps in its grain and in what every row must say",
            f"select * from {{checked[{table.name}]}} where {missing}",
            rule="metrics.yml",
        ),
    ]


def _values(table: str, column: str, values: tuple[str, ...]) -> Check:
    allowed = ", ".join(f"'{value}'" for value in values)
    return Check(
        table,
        f"{table}.{column} is one of {', '.join(values)}",
        f"select * from {{checked[{table}]}} where {quoted(column)} not in ({allowed})",
        rule="metrics.yml",
    )


def _clock(table: contract.Table) -> list[Check]:
    clocks = [
        column.name
        for column in table.columns
        if column.type == "timestamp" and (table.name, column.name) not in _OWN_CLOCK
    ]
    if not clocks:
        return []
    later = " or ".join(f"{name} > {{as_of}}" for name in clocks)
    return [
        Check(
            table.name,
            f"{table.name} has nothing after as-of",
            f"select * from {{checked[{table.name}]}} where {later}",
            rule="1.3",
        )
    ]


CHECKS = [
    *(_columns(table) for table in TABLES.values()),
    *(check for table in TABLES.values() for check in _grain(table)),
    *(_values(table, column, values) for (table, column), values in _VALUES.items()),
    *(check for table in TABLES.values() for check in _clock(table)),
]
