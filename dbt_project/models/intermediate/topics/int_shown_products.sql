{{ config(tags=['topics'], meta={'changed_by': 'changed_conversations', 'month_of': 'shown_at'}) }}

-- What a conversation was about at an instant, as far as products tell (8.4): one that the agent showed alone, or one on which
-- the shopper clicked. Of several that were shown together nobody knows which was meant.
with interactions as (
    {{ changed_rows(ref('int_interactions'), 'changed_conversations') }}
),

recommendations as (
    select account_id, message_id, conversation_id, recommended_product_ids, sent_at
    from {{ ref('int_messages') }}
    where sender = 'agent' and recommended_product_ids is not null
),

listed as (
    select account_id, message_id, conversation_id, product_id, sent_at
    from recommendations
    {{ each_distinct('recommended_product_ids', 'product_id') }}
),

shown_alone as (
    select account_id, conversation_id, min(product_id) as product_id, sent_at as shown_at
    from listed
    group by account_id, message_id, conversation_id, sent_at
    having count(*) = 1
)

select account_id, conversation_id, product_id, shown_at
from shown_alone
union all
select account_id, conversation_id, product_id, occurred_at as shown_at
from interactions
where product_id is not null
