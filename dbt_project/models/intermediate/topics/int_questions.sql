{{ config(tags=['topics'], meta={'changed_by': 'changed_conversations', 'month_of': 'asked_at'}) }}

-- Questions (8.1): visitor messages that ask, and what a conversation opens with where that only tells of something. Those that
-- cannot stand alone are read with the last turn before them that can and that has a matter.
-- depends_on: {{ ref('changed_conversations') }}
with told as (
    select
        messages.account_id, messages.message_id, messages.conversation_id,
        messages.position, messages.sent_at, messages.text,
        texts.text_key, texts.kind, texts.about,
        min(messages.position) over (partition by messages.account_id, messages.conversation_id) as first_position,
        case
            when texts.follows_up then
                max(case when not texts.follows_up and coalesce(texts.about, '') <> 'other' then messages.position end) over (
                    partition by messages.account_id, messages.conversation_id
                    order by messages.position
                    rows between unbounded preceding and 1 preceding
                )
        end as earlier_position
    from {{ ref('int_messages') }} as messages
    inner join {{ source('topics', 'topic_texts') }} as texts
        on messages.account_id = texts.account_id and {{ text_key('messages.text') }} = texts.text_key
    where
        messages.sender = 'visitor'
        and texts.kind in ('asks', 'tells')
)

select
    told.account_id, told.message_id, told.conversation_id,
    case
        when earlier.text is not null then {{ text_key(with_context('earlier.text', 'told.text')) }}
        else told.text_key
    end as text_key,
    told.sent_at as asked_at,
    coalesce(told.about, '') = 'other' and earlier.text is null as is_other
from told
left join told as earlier
    on
        told.account_id = earlier.account_id
        and told.conversation_id = earlier.conversation_id
        and told.earlier_position = earlier.position
where told.kind = 'asks' or told.position = told.first_position
