"""Tickets: each with a conversation that is published and the way in which that was found, or with neither."""

from __future__ import annotations

from expectations.verdict import Check

T = "tickets"

CHECKS = [
    Check(
        T,
        "tickets say how their conversation was found, and that is published",
        """
        select tickets.* from {checked[tickets]} as tickets
        left join {metrics}.conversations as conversations
            on
                tickets.account_id = conversations.account_id
                and tickets.conversation_id = conversations.conversation_id
        where
            (tickets.conversation_id is null) <> (tickets.matched_by is null)
            or (tickets.conversation_id is not null and conversations.conversation_id is null)""",
        rule="4.4",
    ),
    Check(
        T,
        "tickets of a conversation are among its hand-off steps",
        """
        select tickets.* from {checked[tickets]} as tickets
        anti join (
            select account_id, conversation_id, platform, ticket_id from {metrics}.handoff_steps
            where type = 'ticket_created'
        ) as steps
            on
                tickets.account_id = steps.account_id
                and tickets.conversation_id = steps.conversation_id
                and tickets.platform = steps.platform
                and tickets.ticket_id = steps.ticket_id
        where tickets.conversation_id is not null""",
        rule="3.4",
    ),
]
