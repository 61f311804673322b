-- The threads of changed conversations. Many models read them: taking them out of a long history once is enough.
{% if is_full_build() %}
select * from ({{ thread(ref('stg_messages')) }}) as threads
where false
{% else %}
with messages as (
    {{ changed_rows(ref('stg_messages'), 'changed_conversations') }}
)

{{ thread('messages') }}
{% endif %}
