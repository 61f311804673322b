{#- On Spark every table is a folder of Parquet files beside the others of the candidate. -#}
{% macro spark__file_format_clause() -%} using parquet {%- endmacro %}

{% macro spark__location_clause() -%}
    location '{{ env_var("CANDIDATE_TABLES") }}/{{ model.schema }}/{{ model.alias }}'
{%- endmacro %}

{% macro spark__comment_clause() -%} {%- endmacro %}

{#- Incremental tables are partitioned by bucket and month, so that a build rewrites only what it touches. A bucket is a sixteenth
    of the accounts, by the first digit of a hash: a folder for each account would make as many small files as there are accounts.
    `meta.month_of` names the column that says when: `_at` in the account's time zone (in staging, where the account may be unknown,
    in UTC). Tables without one have a single month. -#}
{% macro partitioned(sql) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set when = meta.get('month_of') -%}
    {%- set is_local = when and when.endswith('_at') and model.schema != 'staging' -%}
    select /*+ rebalance(_bucket, _month) */
        rows.*,
        left(md5(rows.{{ meta.get('account_of', 'account_id') }}), 1) as _bucket,
        {% if is_local -%}
        date_format(from_utc_timestamp(rows.{{ when }}, coalesce(accounts.timezone, 'UTC')), 'yyyy-MM') as _month
        {%- elif when -%}
        coalesce(date_format(rows.{{ when }}, 'yyyy-MM'), 'never') as _month
        {%- else -%}
        'ever' as _month
        {%- endif %}
    from ({{ sql }}) as rows
    {%- if is_local %}
    left join {{ api.Relation.create(schema='intermediate', identifier='int_accounts') }} as accounts  -- built before, as every row needs its account
        on rows.account_id = accounts.account_id
    {%- endif %}
{%- endmacro %}
