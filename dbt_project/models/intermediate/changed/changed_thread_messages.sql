-- The messages of changed threads, as delivered. Hand-offs and tickets are found with them, before changed_messages can be made.
{% if is_full_build() %}
select * from {{ ref('stg_messages') }}
where false
{% else %}
{{ changed_rows(ref('stg_messages'), 'changed_threads') }}
{% endif %}
