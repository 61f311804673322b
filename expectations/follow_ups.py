"""Follow-ups: what was recommended last, when it is due, and that nobody is written to who must not be (rule 12.4)."""

from __future__ import annotations

from expectations.verdict import Check

T, RULE = "follow_ups", "12.4"

CHECKS = [
    Check(
        T,
        "follow_ups tell of the last recommendation to a known shopper",
        """
        select follow_ups.*, conversations.profile_id as profile_id_of_conversation, lasts.last_recommended_at
        from {metrics}.follow_ups as follow_ups
        left join {metrics}.conversations as conversations
            on follow_ups.account_id = conversations.account_id
            and follow_ups.conversation_id = conversations.conversation_id
        left join {metrics}.profiles as profiles
            on follow_ups.account_id = profiles.account_id and follow_ups.profile_id = profiles.profile_id
        left join (
            select account_id, conversation_id, max(occurred_at) as last_recommended_at
            from {metrics}.agent_events
            where event = 'product_recommended'
            group by account_id, conversation_id
        ) as lasts
            on follow_ups.account_id = lasts.account_id and follow_ups.conversation_id = lasts.conversation_id
        left join {metrics}.agent_events as events
            on follow_ups.account_id = events.account_id
            and follow_ups.conversation_id = events.conversation_id
            and follow_ups.recommended_at = events.occurred_at
            and follow_ups.product_ids = events.product_ids
        where
            profiles.profile_id is null
            or follow_ups.profile_id is distinct from conversations.profile_id
            or follow_ups.recommended_at is distinct from last_recommended_at
            or events.event_id is null""",
        rule=RULE,
    ),
    Check(
        T,
        "follow_ups are due the hours of their account after the recommendation",
        """
        select follow_ups.*, accounts.follow_up_hours
        from {metrics}.follow_ups as follow_ups
        left join {intermediate}.int_accounts as accounts
            on follow_ups.account_id = accounts.account_id
        where due_at is distinct from recommended_at + coalesce(follow_up_hours, 2) * interval '1' hour""",
        rule=RULE,
    ),
    Check(
        T,
        "follow_ups have the state that their reason and the time give them",
        """
        select * from {metrics}.follow_ups
        where
            (state in ('cancelled', 'not_reachable')) <> (reason is not null)
            or (state = 'cancelled') <> coalesce(reason in ('order', 'newer', 'expired'), false)
            or (state = 'waiting' and due_at <= {as_of})
            or (state = 'due' and due_at > {as_of})
            or (state in ('due', 'not_reachable') and due_at + interval '24' hour <= {as_of})
            or (reason = 'expired' and due_at + interval '24' hour > {as_of})""",
        rule=RULE,
    ),
    Check(
        T,
        "follow_ups were sent where the ledger says so, and nowhere else",
        """
        select follow_ups.*, sent.sent_at as sent_at_of_ledger
        from {metrics}.follow_ups as follow_ups
        left join (
            select account_id, conversation_id, min(sent_at) as sent_at
            from {lake}.follow_ups_sent
            where sent_at <= {as_of}
            group by account_id, conversation_id
        ) as sent
            on follow_ups.account_id = sent.account_id and follow_ups.conversation_id = sent.conversation_id
        where
            follow_ups.sent_at is distinct from sent.sent_at
            or (state = 'sent') <> (follow_ups.sent_at is not null)""",
        rule=RULE,
    ),
    Check(
        T,
        "follow_ups are cancelled by an order after the recommendation, and by no other",
        """
        select follow_ups.*, orders.last_placed_at
        from {metrics}.follow_ups as follow_ups
        left join (
            select account_id, profile_id, max(placed_at) as last_placed_at
            from {metrics}.orders
            group by account_id, profile_id
        ) as orders
            on follow_ups.account_id = orders.account_id and follow_ups.profile_id = orders.profile_id
        where
            state <> 'sent'
            and coalesce(reason = 'order', false) <> coalesce(last_placed_at > recommended_at, false)""",
        rule=RULE,
    ),
    Check(
        T,
        "follow_ups of a shopper are one at most that is not cancelled by another",
        """
        select account_id, profile_id, count(*) as follow_ups
        from {metrics}.follow_ups
        where state <> 'sent' and coalesce(reason not in ('order', 'newer'), true)
        group by account_id, profile_id
        having count(*) > 1""",
        rule=RULE,
    ),
    Check(
        T,
        "follow_ups go to shoppers whom marketing may reach and who wait for no person",
        """
        select follow_ups.*, reach.email_reach, reach.sms_reach, reach.whatsapp_reach, requests.is_waiting
        from {metrics}.follow_ups as follow_ups
        left join {intermediate}.int_profile_reach as reach
            on follow_ups.account_id = reach.account_id and follow_ups.profile_id = reach.profile_id
        left join (
            select account_id, profile_id, true as is_waiting
            from {metrics}.conversations
            where status {handed_off} and closed_at is null
            union
            select account_id, profile_id, true
            from {metrics}.tickets
            where solved_at is null
        ) as requests
            on follow_ups.account_id = requests.account_id and follow_ups.profile_id = requests.profile_id
        where
            state in ('due', 'waiting', 'not_reachable')
            and (state = 'not_reachable') <> (
                coalesce('reachable' not in (email_reach, sms_reach, whatsapp_reach), true)
                or coalesce(is_waiting, false)
            )""",
        rule=RULE,
    ),
]
