-- The topics of the build before, as definitions ask of them (12.1): changed_topics holds against these what the new ones are.
{% if is_full_build() or target.type == 'spark' %}
select
    cast(null as {{ dbt.type_string() }}) as account_id,
    cast(null as {{ dbt.type_string() }}) as topic_id,
    cast(null as {{ dbt.type_string() }}) as label,
    cast(null as boolean) as is_gap
where false
{% else %}
select account_id, topic_id, label, is_gap
from {{ source('previous_metrics', 'knowledge_gap_topics') }}
{% endif %}
