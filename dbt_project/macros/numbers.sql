{#- A number as the contract's decimal or integer. What no such type holds becomes the greatest value that it does hold: one absurd row
    must not stop a build, and the gate sees that the sums do not add up. -#}
{% macro as_amount(number) -%} cast(case when {{ number }} > 99999999999999.9999 then 99999999999999.9999 else {{ number }} end as decimal(18, 4)) {%- endmacro %}

{#- The product of two of the contract's decimals, rounded once to 4 places (5.4): 37 digits are the most that both engines hold. -#}
{% macro exact_product(one, other) -%} cast(cast({{ one }} as decimal(19, 4)) * {{ other }} as decimal(38, 4)) {%- endmacro %}

{% macro as_integer(number) -%} cast(case when {{ number }} > 9223372036854775807 then 9223372036854775807 else {{ number }} end as bigint) {%- endmacro %}

{#- A 64-bit number of which the sum may not fit into 64 bits. -#}
{% macro summable(number) -%} {{ return(adapter.dispatch('summable')(number)) }} {%- endmacro %}

{% macro default__summable(number) -%} cast({{ number }} as decimal(38, 0)) {%- endmacro %}

{% macro duckdb__summable(number) -%} {{ number }} {%- endmacro %}
