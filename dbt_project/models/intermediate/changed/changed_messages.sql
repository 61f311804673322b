-- The messages of changed conversations, as delivered. Many models read them: looking them up in a long history once is enough.
{% if is_full_build() %}
select * from {{ ref('stg_messages') }}
where false
{% else %}
{{ changed_rows(ref('stg_messages'), 'changed_conversations') }}
{% endif %}
