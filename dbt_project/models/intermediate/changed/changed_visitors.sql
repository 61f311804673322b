-- Visitors who may belong to another profile than in the build before (4.1).
{% if is_full_build() %}
{{ empty_set('changed_visitors') }}
{% else %}
select distinct account_id, visitor_id
from {{ ref('stg_visitors') }}
where {{ is_new('seen_at') }}
{% endif %}
