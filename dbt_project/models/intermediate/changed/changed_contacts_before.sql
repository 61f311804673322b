-- The contacts of shoppers (13.4) that changed conversations and tickets were in the build before. It is read before their new rows
-- are written; changed_recontacts compares them with what they are now.
{% if is_full_build() %}
select
    cast(null as {{ dbt.type_string() }}) as account_id,
    cast(null as {{ dbt.type_string() }}) as known_by,
    cast(null as {{ dbt.type_string() }}) as shopper,
    cast(null as {{ dbt.type_string() }}) as contact,
    cast(null as {{ dbt.type_string() }}) as contact_id,
    cast(null as {{ physical_type('timestamp with time zone') }}) as contacted_at
where false
{% else %}
with conversations as (
    {{ changed_rows(source('previous', 'int_conversations'), 'changed_conversations') }}
),

tickets as (
    select account_id, ticket_id, was_profile_id as profile_id, was_created_at as created_at
    from {{ ref('changed_tickets') }}
)

{{ contacts('conversations', 'tickets') }}
{% endif %}
