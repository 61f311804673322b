"""Who came back: resolved conversations and the contact that withdrew them, by the shoppers that are published."""

from __future__ import annotations

from expectations.verdict import Check

T = "conversations"
ENDS_AT = "closed_at + coalesce(recontact_days, 7) * interval '24' hour"

CHECKS = [
    Check(
        T,
        "conversations.is_recontacted stands where the status is resolved and a profile is known, with all about it",
        """
        select conversations.*, accounts.recontact_days
        from {checked[conversations]} as conversations
        join {intermediate}.int_accounts as accounts on conversations.account_id = accounts.account_id
        where
            (is_recontacted is not null and (status <> 'resolved' or recontact_days = 0))
            or (
                is_recontacted is null and status = 'resolved' and profile_id is not null
                and coalesce(recontact_days, 7) > 0
            )
            or coalesce(is_recontacted, false) <> (recontacted_at is not null)
            or (recontacted_at is null) <> (recontacted_by is null)
            or (recontacted_at is null) <> (recontact_id is null)""",
        rule="13.4",
    ),
    Check(
        T,
        "conversations that are recontacted name what began then, in their span and of the same shopper",
        f"""
        select conversations.*
        from {{checked[conversations]}} as conversations
        join {{intermediate}}.int_accounts as accounts on conversations.account_id = accounts.account_id
        left join (
            select account_id, 'conversation' as contact, conversation_id as id, profile_id, started_at as began_at
            from {{metrics}}.conversations
            union all
            select account_id, 'ticket' as contact, ticket_id as id, profile_id, created_at as began_at
            from {{metrics}}.tickets
        ) as contacts
            on
                conversations.account_id = contacts.account_id
                and conversations.recontacted_by = contacts.contact
                and conversations.recontact_id = contacts.id
                and conversations.recontacted_at = contacts.began_at
        where
            is_recontacted
            and (
                contacts.id is null
                or conversations.profile_id <> contacts.profile_id
                or (contact = 'ticket' and (conversations.profile_id is null or contacts.profile_id is null))
                or (recontacted_by = 'conversation' and recontact_id = conversation_id)
                or recontacted_at <= last_message_at
                or recontacted_at > {ENDS_AT}
            )""",
        rule="13.4",
    ),
    Check(
        T,
        # Of a profile's contacts the next one after each start: a shopper with very many costs no more than others.
        "conversations are recontacted where the next contact of their profile lies in their span",
        f"""
        with wanted as (
            select distinct account_id, profile_id from {{checked[conversations]}} where profile_id is not null
        ),
        contacts as (
            select account_id, profile_id, conversation_id, started_at as began_at from {{metrics}}.conversations
            union all
            select account_id, profile_id, null as conversation_id, created_at as began_at
            from {{metrics}}.tickets
        ),
        followed as (
            select
                contacts.*,
                lead(began_at) over (
                    partition by contacts.account_id, contacts.profile_id order by began_at
                ) as next_began_at
            from contacts
            semi join wanted
                on contacts.account_id = wanted.account_id and contacts.profile_id = wanted.profile_id
        )
        select conversations.*, next_began_at
        from {{checked[conversations]}} as conversations
        join {{intermediate}}.int_accounts as accounts on conversations.account_id = accounts.account_id
        join followed
            on
                conversations.account_id = followed.account_id
                and conversations.conversation_id = followed.conversation_id
        where
            is_recontacted is not null
            and next_began_at > last_message_at
            and next_began_at <= {ENDS_AT}
            and (not is_recontacted or recontacted_at > next_began_at)""",
        rule="13.4",
    ),
]
