{{ config(materialized='table') }}

-- Nothing yet.
{{ empty_table() }}
