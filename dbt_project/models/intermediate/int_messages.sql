{{ config(materialized='view') }}

-- The published messages that this build derives from: all in a full build, else the threads of changed conversations.
-- depends_on: {{ ref('messages') }}, {{ ref('changed_conversations') }}
{% if is_full_build() %}
select * from {{ ref('messages') }}
{% else %}
{{ thread() }}
{% endif %}
