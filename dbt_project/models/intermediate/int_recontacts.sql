{{ config(meta={'changed_by': 'changed_recontacts'}) }}

-- Resolved conversations whose shopper is known, with the first contact by which the shopper came back, if any (13.4). Contacts and
-- the last messages of conversations stand in one line of time: how many contacts come after an instant says which is the next, so
-- a shopper with very many conversations costs no more than the same number of shoppers. A conversation with a ticket of its own is
-- not resolved (3.4, 3.5), so no ticket here is one of the conversation that asks.
with asking as (
    {{ changed_rows(ref('int_recontact_spans'), 'changed_recontacts') }}
),

contacts as (
    {{ contacts(ref('int_conversations'), ref('int_tickets')) }}
),

moments as (
    select
        contacts.account_id, contacts.known_by, contacts.shopper, 1 as is_contact, contacts.contact, contacts.contact_id,
        cast(null as {{ dbt.type_string() }}) as conversation_id,
        contacts.contacted_at as happened_at, cast(null as {{ physical_type('timestamp with time zone') }}) as ends_at
    from contacts
    where
        exists (
            select 1
            from asking
            where
                asking.account_id = contacts.account_id
                and asking.known_by = contacts.known_by
                and asking.shopper = contacts.shopper
        )
    union all
    select
        account_id, known_by, shopper, 0 as is_contact, cast(null as {{ dbt.type_string() }}) as contact,
        cast(null as {{ dbt.type_string() }}) as contact_id, conversation_id,
        begins_after as happened_at, ends_at
    from asking
),

counted as (
    select
        *,
        sum(is_contact) over (
            partition by account_id, known_by, shopper
            order by happened_at desc, is_contact asc, contact desc, contact_id desc
            rows between unbounded preceding and current row
        ) as contacts_from_here
    from moments
),

-- Those with equally many contacts from here on are one contact and the instants before it, back to the contact before.
next_contacts as (
    select
        account_id, conversation_id, ends_at,
        max(contact) over same_contact as contact,
        max(contact_id) over same_contact as contact_id,
        max(case when is_contact = 1 then happened_at end) over same_contact as contacted_at
    from counted
    window same_contact as (partition by account_id, known_by, shopper, contacts_from_here)
),

ranked as (
    select
        account_id, conversation_id,
        case when contacted_at <= ends_at then contact end as recontacted_by,
        case when contacted_at <= ends_at then contact_id end as recontact_id,
        case when contacted_at <= ends_at then contacted_at end as recontacted_at,
        row_number() over (
            partition by account_id, conversation_id
            order by contacted_at asc nulls last, contact asc, contact_id asc
        ) as contact_rank
    from next_contacts
    where conversation_id is not null
)

select account_id, conversation_id, recontacted_by, recontact_id, recontacted_at
from ranked
where contact_rank = 1
