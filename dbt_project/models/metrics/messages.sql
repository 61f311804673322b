{{ config(meta={'month_of': 'sent_on'}) }}

-- The thread of every started conversation, in its order (3.2). What is counted further on is counted from here: readers
-- see the rows behind every number.
-- depends_on: {{ ref('changed_conversations') }}
{{ thread() }}
