"""Hand-offs: a row for each, with the first of its steps and messages, and an outcome that follows (chapter 13)."""

from __future__ import annotations

from expectations.verdict import Check

T = "handoffs"

# What began each hand-off, and when a person first came (13.1); an email that was given is not a step by itself.
_STEPS = """
        select
            account_id, conversation_id,
            min(happened_at) as first_step_at,
            min(happened_at) filter (where kind = 'offered') as first_offered_at,
            min(happened_at) filter (where kind = 'accepted') as first_accepted_at,
            max(happened_at) filter (where kind = 'declined') as last_declined_at,
            min(happened_at) filter (where kind = 'ticket_created') as first_ticket_at,
            min(happened_at) filter (where kind in ('human_joined', 'human')) as first_human_at
        from (
            select account_id, conversation_id, type as kind, occurred_at as happened_at
            from {checked[handoff_steps]}
            where type <> 'email_provided'
            union all
            select account_id, conversation_id, sender as kind, sent_at as happened_at
            from {checked[messages]}
            where sender = 'human'
        ) as steps
        group by account_id, conversation_id"""

_ENDS = {"ticket": "created_at", "reply": "replied_at", "solve": "solved_at"}


def _is_minutes(minutes: str, begin: str, end: str) -> str:
    """A condition that is false: minutes that are not those from one instant to another, rounded down."""
    return f"""
            ({minutes} is null) <> ({begin} is null or {end} is null or {end} < {begin})
            or {begin} + {minutes} * interval '1' minute > {end}
            or {begin} + ({minutes} + 1) * interval '1' minute <= {end}"""


CHECKS = [
    Check(
        T,
        "handoffs are all conversations with a step or a person, since the first of them",
        f"""
        select
            coalesce(handoffs.account_id, steps.account_id) as account_id,
            coalesce(handoffs.conversation_id, steps.conversation_id) as conversation_id,
            began_at, first_step_at
        from {{checked[handoffs]}} as handoffs
        full join ({_STEPS}
        ) as steps
            on handoffs.account_id = steps.account_id and handoffs.conversation_id = steps.conversation_id
        where
            began_at is distinct from first_step_at
            or offered_at is distinct from first_offered_at
            or accepted_at is distinct from first_accepted_at
            or declined_at is distinct from last_declined_at
            or created_at is distinct from first_ticket_at
            or replied_at is distinct from first_human_at""",
        rule="13.1",
    ),
    Check(
        T,
        "handoffs say of their conversation what conversations says",
        """
        select handoffs.*
        from {checked[handoffs]} as handoffs
        left join {metrics}.conversations as conversations
            on
                handoffs.account_id = conversations.account_id
                and handoffs.conversation_id = conversations.conversation_id
        where
            conversations.conversation_id is null
            or handoffs.channel is distinct from conversations.channel
            or handoffs.tag is distinct from conversations.tag
            or handoffs.skill is distinct from conversations.final_skill
            or handoffs.agent is distinct from conversations.agent
            or handoffs.profile_id is distinct from conversations.profile_id
            or handoffs.method is distinct from conversations.handoff_method
            or handoffs.platform is distinct from conversations.ticket_platform
            or handoffs.ticket_id is distinct from conversations.ticket_id
            or handoffs.handed_off_at is distinct from conversations.handed_off_at
            or (
                conversations.status {handed_off}
                and handoffs.reason is distinct from conversations.escalation_reason
            )""",
        rule="13.1",
    ),
    Check(
        T,
        "handoffs say of their ticket what tickets says",
        """
        select handoffs.*
        from {checked[handoffs]} as handoffs
        left join {metrics}.tickets as tickets
            on
                handoffs.account_id = tickets.account_id
                and handoffs.conversation_id = tickets.conversation_id
                and handoffs.platform = tickets.platform
                and handoffs.ticket_id = tickets.ticket_id
        where
            handoffs.matched_by is distinct from tickets.matched_by
            or handoffs.satisfaction is distinct from tickets.satisfaction
            or handoffs.reopen_count is distinct from tickets.reopen_count
            or (tickets.ticket_id is not null and handoffs.solved_at is distinct from tickets.solved_at)""",
        rule="13.1",
    ),
    Check(
        T,
        "handoffs have the outcome that their instants give them",
        """
        select * from {checked[handoffs]}
        where
            (outcome = 'answered') <> (replied_at is not null)
            or (outcome = 'nobody_there')
            <> (replied_at is null and created_at is not null and solved_at is not null)
            or (outcome = 'not_known' and created_at is not null)
            <> (replied_at is null and created_at is not null and solved_at is null and matched_by is null)
            or (outcome = 'lost' and (accepted_at is null or email is null or created_at is not null))
            or (outcome = 'declined' and (declined_at is null or created_at is not null))
            or (outcome = 'no_answer' and (offered_at is null or handed_off_at is not null or declined_at is not null))
            or (
                outcome = 'no_person'
                and (created_at is not null or (accepted_at > declined_at and email is not null))
            )""",
        rule="13.2",
    ),
    Check(
        T,
        "handoffs that went as an event stand for a step, and for none where they have a ticket",
        """
        select handoffs.*, delivered.method as method_of_ledger, delivered.delivered_at, steps.our_step_at
        from {checked[handoffs]} as handoffs
        left join (
            select
                account_id, conversation_id,
                min(occurred_at) filter (where is_ours) as our_step_at,
                bool_or(type = 'ticket_created' and not is_ours) as has_ticket
            from (
                select
                    *,
                    is_derived and handoff_event_id like '%/handed_over'
                    and handoff_event_id not like '%/%/%' as is_ours
                from {checked[handoff_steps]}
            ) as steps
            group by account_id, conversation_id
        ) as steps
            on handoffs.account_id = steps.account_id and handoffs.conversation_id = steps.conversation_id
        left join {lake}.handoffs_delivered as delivered
            on
                handoffs.account_id = delivered.account_id
                and handoffs.conversation_id = delivered.conversation_id
                and delivered.delivered_at <= {as_of}
        where
            our_step_at is distinct from case
                when delivered.method = 'message' or not coalesce(has_ticket, false) then delivered_at
            end""",
        rule="3.4",
    ),
    Check(
        T,
        "handoffs without a ticket are not known only after a message of ours, and then nobody is said to wait",
        """
        select handoffs.*
        from {checked[handoffs]} as handoffs
        left join (
            select distinct account_id, conversation_id, true as is_ours
            from {checked[handoff_steps]}
            where type = 'message_sent' and is_derived
        ) as messages
            on
                handoffs.account_id = messages.account_id
                and handoffs.conversation_id = messages.conversation_id
        where
            handoffs.created_at is null
            and (
                (outcome = 'not_known' and (is_ours is null or accepted_at is null))
                or (outcome in ('waiting', 'lost') and is_ours and accepted_at is not null)
            )""",
        rule="13.2",
    ),
    Check(
        T,
        "handoffs wait until the conversation times out, or the ticket is solved",
        """
        select handoffs.*, conversations.last_message_at, accounts.auto_close_hours
        from {checked[handoffs]} as handoffs
        left join {metrics}.conversations as conversations
            on
                handoffs.account_id = conversations.account_id
                and handoffs.conversation_id = conversations.conversation_id
        left join {intermediate}.int_accounts as accounts
            on handoffs.account_id = accounts.account_id
        where
            handoffs.created_at is null
            and (
                (outcome = 'waiting' and last_message_at + auto_close_hours * interval '1' hour <= {as_of})
                or (outcome = 'lost' and last_message_at + auto_close_hours * interval '1' hour > {as_of})
            )""",
        rule="13.2",
    ),
    Check(
        T,
        "handoffs.outcome_reason is a reason why nobody came, or why the shopper waits without a ticket",
        """
        select * from {checked[handoffs]}
        where
            outcome_reason is not null
            and (
                (outcome not in ('no_person', 'waiting') or created_at is not null)
                or (outcome_reason = 'not_signed_in' and (profile_id is not null or email is not null))
                or (outcome_reason = 'no_email' and (profile_id is null or email is not null))
                or (outcome_reason = 'outside_hours' and is_within_business_hours is distinct from false)
            )""",
        rule="13.2",
    ),
    Check(
        T,
        "handoffs count the minutes between their instants",
        f"""
        select * from {{checked[handoffs]}}
        where {_is_minutes("minutes_to_accept", "offered_at", "accepted_at")}
            {
            " ".join(f"or {_is_minutes(f'minutes_to_{name}', 'handed_off_at', end)}" for name, end in _ENDS.items())
        }""",
        rule="13.3",
    ),
    Check(
        T,
        "handoffs have no more minutes within business hours than there are, and none without business hours",
        f"""
        select handoffs.*
        from {{checked[handoffs]}} as handoffs
        left join {{intermediate}}.int_business_hours as hours
            on handoffs.account_id = hours.account_id
        where
            (is_within_business_hours is null) <> (hours.account_id is null)
            or (outside_hours_messages is null) <> (hours.account_id is null)
            or outside_hours_messages < 0
            {
            " ".join(
                f'''or business_minutes_to_{name} not between 0 and minutes_to_{name}
            or (business_minutes_to_{name} is null) <> (hours.account_id is null or minutes_to_{name} is null)'''
                for name in _ENDS
            )
        }""",
        rule="13.3",
    ),
]
