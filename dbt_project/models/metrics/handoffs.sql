{{ config(meta={'month_of': 'began_on'}) }}
{% set instants = ['began_at', 'handed_off_at', 'created_at', 'replied_at', 'solved_at'] %}
{% set durations = {'ticket': 'created_at', 'reply': 'replied_at', 'solve': 'solved_at'} %}

-- What came of every conversation that was, or was to be, handed over (13.1 to 13.3).
with judged as (
    select
        *,
        {{ local_date('began_at', 'timezone') }} as began_on,
        case
            when replied_at is not null then 'answered'
            when created_at is not null and solved_at is not null then 'nobody_there'
            when created_at is not null and is_ticket_known then 'waiting'
            when created_at is not null then 'not_known'
            when last_word = 'accepted' and is_message_ours then 'not_known'
            when last_word = 'accepted' and times_out_at > {{ as_of() }} then 'waiting'
            when last_word = 'accepted' and email is not null then 'lost'
            when last_word = 'accepted' then 'no_person'
            when last_word = 'declined' then 'declined'
            when is_message_sent then 'no_person'
            when is_asked_for and times_out_at > {{ as_of() }} then 'waiting'
            when is_asked_for then 'no_person'
            else 'no_answer'
        end as outcome
    from {{ ref('int_handoff_chains') }}
),

-- An instant among the spans of its day, and how long the shop had been open until then.
timed as (
    select
        judged.*,
        hours.account_id is not null as has_hours,
        {%- for instant in instants %}
        {{ microseconds('judged.' ~ instant) }} as {{ instant }}_us,
        {{ instant }}_span.is_open as {{ instant }}_is_open,
        {{ instant }}_span.open_before + case
            when {{ instant }}_span.is_open then {{ microseconds('judged.' ~ instant) }} - {{ instant }}_span.begins
            else 0
        end as {{ instant }}_open
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from judged
    left join {{ ref('int_business_hours') }} as hours
        on judged.account_id = hours.account_id
    {%- for instant in instants %}
    left join {{ ref('int_business_spans') }} as {{ instant }}_span
        on
            judged.account_id = {{ instant }}_span.account_id
            and {{ utc_day(microseconds('judged.' ~ instant)) }} = {{ instant }}_span.utc_day
            and {{ microseconds('judged.' ~ instant) }} >= {{ instant }}_span.begins
            and {{ microseconds('judged.' ~ instant) }} < {{ instant }}_span.ends
    {%- endfor %}
),

messages as (
    {{ changed_rows(ref('messages'), 'changed_conversations') }}
),

automatic as (
    select messages.account_id, messages.conversation_id, count(*) as outside_hours_messages
    from messages
    inner join {{ ref('int_handoff_chains') }} as chains
        on messages.account_id = chains.account_id and messages.conversation_id = chains.conversation_id
    inner join {{ ref('int_business_spans') }} as spans
        on
            messages.account_id = spans.account_id
            and {{ utc_day(microseconds('messages.sent_at')) }} = spans.utc_day
            and {{ microseconds('messages.sent_at') }} >= spans.begins
            and {{ microseconds('messages.sent_at') }} < spans.ends
    where messages.sender = 'system' and not spans.is_open
    group by messages.account_id, messages.conversation_id
)

select
    timed.account_id, timed.conversation_id, timed.channel, timed.tag, timed.skill, timed.agent, timed.reason,
    timed.profile_id, timed.email, timed.method, timed.platform, timed.ticket_id, timed.matched_by,
    timed.began_at, timed.began_on, timed.offered_at, timed.accepted_at, timed.declined_at, timed.handed_off_at,
    timed.created_at, timed.replied_at, timed.solved_at, timed.reopen_count, timed.satisfaction,
    timed.outcome,
    case
        when not (timed.outcome = 'no_person' or (timed.outcome = 'waiting' and timed.created_at is null)) then null
        when timed.email is null and timed.profile_id is null and not {{ is_only_a_message('timed') }} then 'not_signed_in'
        when timed.email is null and not {{ is_only_a_message('timed') }} then 'no_email'
        when not timed.began_at_is_open then 'outside_hours'
    end as outcome_reason,
    timed.began_at_is_open as is_within_business_hours,
    {{ whole_minutes(microseconds('timed.accepted_at') ~ ' - ' ~ microseconds('timed.offered_at')) }} as minutes_to_accept,
    {%- for end, instant in durations.items() %}
    {{ whole_minutes('timed.' ~ instant ~ '_us - timed.handed_off_at_us') }} as minutes_to_{{ end }},
    {%- endfor %}
    {%- for end, instant in durations.items() %}
    case
        when timed.{{ instant }}_us >= timed.handed_off_at_us
            then {{ whole_minutes('timed.' ~ instant ~ '_open - timed.handed_off_at_open') }}
    end as business_minutes_to_{{ end }},
    {%- endfor %}
    case when timed.has_hours then coalesce(automatic.outside_hours_messages, 0) end as outside_hours_messages
from timed
left join automatic
    on timed.account_id = automatic.account_id and timed.conversation_id = automatic.conversation_id
