{{ config(materialized='view') }}

-- The published messages that this build derives from: all in a full build, else the threads of changed conversations.
-- depends_on: {{ ref('messages') }}, {{ ref('changed_messages') }}
select * from {{ ref('messages') if is_full_build() else ref('changed_messages') }}
