{{ config(materialized='view') }}

-- What shoppers did in a conversation, over all time (6.3).
with interactions as (
    {{ changed_rows(ref('int_interactions'), 'changed_totals') }}
)

select
    account_id, conversation_id,
    count(*) filter (where type in ('product_card_click', 'link_click')) as link_clicks,
    sum({{ summable('quantity') }}) filter (where type = 'add_to_cart') as add_to_cart_items
from interactions
group by account_id, conversation_id
