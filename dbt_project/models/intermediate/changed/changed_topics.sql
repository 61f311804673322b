{{ config(tags=['topics']) }}

-- Topics that are named otherwise than in the build before, or are a gap where they were none (8.2, 8.3), or the other way round.
{% if is_full_build() or target.type == 'spark' %}
{{ empty_set('changed_topics') }}
{% else %}
with differing as (
    (
        select account_id, topic_id, label, is_gap from {{ ref('knowledge_gap_topics') }}
        except
        select account_id, topic_id, label, is_gap from {{ ref('changed_topics_before') }}
    )
    union all
    (
        select account_id, topic_id, label, is_gap from {{ ref('changed_topics_before') }}
        except
        select account_id, topic_id, label, is_gap from {{ ref('knowledge_gap_topics') }}
    )
)

select distinct account_id, topic_id from differing
{% endif %}
