{#- The contacts of shoppers (13.4), by what two contacts are known to be of one shopper (4.3): equal profiles (`profile`), or equal
    visitors where either has no profile. `visitor` has all contacts of a visitor, for whom no profile is known of the other;
    `visitor_only` those without a profile, for whom one is. So a shopper is looked up by one key, and nothing is joined pair by pair.
    Arguments: relations with the columns of int_conversations and of int_tickets. -#}
{% macro contacts(conversations, tickets) -%}
    select
        account_id, 'profile' as known_by, profile_id as shopper, 'conversation' as contact, conversation_id as contact_id,
        started_at as contacted_at
    from {{ conversations }}
    where profile_id is not null
    union all
    select
        account_id, 'profile' as known_by, profile_id as shopper, 'ticket' as contact, ticket_id as contact_id,
        created_at as contacted_at
    from {{ tickets }}
    where profile_id is not null
    union all
    select
        account_id, 'visitor' as known_by, visitor_id as shopper, 'conversation' as contact, conversation_id as contact_id,
        started_at as contacted_at
    from {{ conversations }}
    where visitor_id is not null
    union all
    select
        account_id, 'visitor_only' as known_by, visitor_id as shopper, 'conversation' as contact, conversation_id as contact_id,
        started_at as contacted_at
    from {{ conversations }}
    where visitor_id is not null and profile_id is null
{%- endmacro %}
