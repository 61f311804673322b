-- What sources themselves count beside what is here (11.2): of messages by conversation, of other rows as the source counted them last.
{% set things = {'conversations': 'created_at', 'messages': 'sent_at', 'orders': 'placed_at', 'tickets': 'created_at'} %}
{% set keys = {'conversations': 'conversation_id', 'messages': 'message_id', 'orders': 'order_id', 'tickets': 'ticket_id'} %}

with ranked as (
    select
        *,
        row_number() over (partition by account_id, source, thing order by counted_at desc, count_id asc) as newest_first
    from {{ ref('stg_source_counts') }}
    where conversation_id is null and counted_at <= {{ as_of() }}
),

whole as (
    select account_id, source, thing, starts_at, ends_at, value, counted_at
    from ranked
    where newest_first = 1
),

compared as (
    {% for thing, event_time in things.items() %}
    select
        whole.account_id, whole.source, whole.thing, whole.value as theirs,
        least(count(distinct rows.{{ keys[thing] }}), whole.value) as ours,
        coalesce(whole.starts_at, whole.counted_at) as since
    from whole
    left join {{ ref('stg_' ~ thing) }} as rows
        on
            whole.account_id = rows.account_id
            and rows.{{ event_time }} <= {{ as_of() }}
            {%- if thing == 'conversations' %}
            and coalesce(rows.agent, whole.source) = whole.source
            {%- endif %}
            and (whole.starts_at is null or rows.{{ event_time }} >= whole.starts_at)
            and (whole.ends_at is null or rows.{{ event_time }} < whole.ends_at)
    where whole.thing = '{{ thing }}'
    group by whole.account_id, whole.source, whole.thing, whole.value, whole.starts_at, whole.counted_at
    union all
    {% endfor %}
    select account_id, source, thing, sum(theirs) as theirs, sum(ours) as ours, min(since) filter (where ours < theirs) as since
    from {{ ref('int_conversation_counts') }}
    group by account_id, source, thing
)

select
    compared.account_id, compared.source, compared.thing,
    {{ as_integer('sum(compared.theirs)') }} as theirs,
    {{ as_integer('sum(compared.ours)') }} as ours,
    min(compared.since) filter (where compared.ours < compared.theirs) as since
from compared
inner join {{ ref('int_accounts') }} as accounts
    on compared.account_id = accounts.account_id
group by compared.account_id, compared.source, compared.thing
