{{ config(meta={'changed_by': 'changed_conversations'}) }}

-- The thread of every started conversation, in its order (3.2). What is counted further on is counted from here: readers
-- see the rows behind every number.
-- depends_on: {{ ref('stg_messages') }}, {{ ref('int_started_conversations') }}, {{ ref('changed_conversations') }}
{% if is_full_build() %}
{{ thread(ref('stg_messages')) }}
{% else %}
select * from {{ ref('changed_messages') }}
{% endif %}
