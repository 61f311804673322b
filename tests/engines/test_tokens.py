"""What a text states: a comment that is read as SQL rebuilds history for a typo, SQL that is read as a comment leaves
history as it was.
"""

from __future__ import annotations

import pytest

from flows.engines.tokens import of_macros, of_model

SAME = {
    "a comment to the end of its line": ("select a -- it's one\nfrom b", "select a\nfrom b"),
    "a comment within": ("select a /* it's\n-- one */ from b", "select a from b"),
    "a comment of Jinja": ("select a {# it's {{ one }} #} from b", "select a from b"),
    "a comment of Jinja that takes its blanks along": ("select a\n{#- one -#}\nfrom b", "select afrom b"),
    "a comment behind a tag": ("from {{ ref('a') }} -- one\nwhere b", "from {{ ref('a') }}\nwhere b"),
    "lines and indentation": ("select\n    f(\n        a, b\n    )\nfrom b", "select f(a,b) from b"),
    "blanks in a tag": ("from {{ref( 'a' )}}", "from {{ ref('a') }}"),
    "blanks that a tag takes away": ("a {%- if b %} c{% endif %}", "a{% if b %} c{% endif %}"),
    "blanks behind the comment of a reference": ("-- {{ ref('a') }}\n  select 1", "-- {{ ref('a') }}\nselect 1"),
    "quotes of one tag": ('{{ f("\'" ~ a ~ "\'") }} /* one */ b', '{{ f("\'" ~ a ~ "\'") }} b'),
    "comment signs that Jinja closes": ("{% do run('/*+ hint */ a') %}b -- one", "{% do run('/*+ hint */ a') %}b"),
    "an end of the file": ("select a\n\n", "select a"),
}
OTHER = {
    "blanks in a literal": ("select 'a  b'", "select 'a b'"),
    "a line in a literal": ("select 'a\nb'", "select 'a b'"),
    "comment signs in a literal": ("select 'a -- b', c", "select 'a -- d', c"),
    "comment signs in a literal, both": ("select 'a /* b */ c'", "select 'a  c'"),
    "comment signs in a name": ('select "a--b"', 'select "a--c"'),
    "comment signs of Jinja in a literal": (
        "select 'a {% raw %}{# b #}{% endraw %}'",
        "select 'a {% raw %}{% endraw %}'",
    ),
    "a doubled quote before comment signs": ("select 'it''s -- a'", "select 'it''s -- b'"),
    "a quote in a comment before a literal": ("-- it's\nselect 'a  b'", "-- it's\nselect 'a b'"),
    "blanks in a string of Jinja": ("{{ f('a  b') }}", "{{ f('a b') }}"),
    "comment signs in a string of Jinja": ("{{ f('-- a') }}", "{{ f('-- b') }}"),
    "a reference in a comment": ("-- depends_on: {{ ref('a') }}\nb", "-- depends_on: {{ ref('c') }}\nb"),
    "a reference in a comment of Jinja and one in SQL": ("-- {{ ref('a') }}\nb", "{# {{ ref('a') }} #}\nb"),
    "a reference in a comment and one outside": ("-- {{ ref('a') }}\nb", "{{ ref('a') }}\nb"),
    "what a tag lets end a comment": ("{{ f() }}\n, b", "{{ f() }} , b"),
    "a comment that a branch opens": ("{% if a %}--{% endif %} 'b  c'\n", "{% if a %}--{% endif %} 'b c'\n"),
    "a literal that a tag opens": ('{% set q = "\'" %}{{ q }}a  b{{ q }}', '{% set q = "\'" %}{{ q }}a b{{ q }}'),
    "a comment that a tag opens": ("{{ '--' }} a\nb", "{{ '--' }} a b"),
    "a literal with an escaped quote": (r"select 'a\' -- b'", r"select 'a\' -- c'"),
    "blanks behind a backslash": (r"select 'a\d  b'", r"select 'a\d b'"),
    "a literal between dollars": ("select $$a -- b$$", "select $$a -- c$$"),
    "a comment in a comment": ("/* /* */ 'a  b' */", "/* /* */ 'a b' */"),
    "a comment without an end": ("select a /* b", "select a /* c"),
    "a hint": ("select /*+ broadcast(a) */ b", "select /*+ broadcast(c) */ b"),
    "words that a comment parts": ("select a/**/b", "select ab"),
    "words that a comment of Jinja does not part": ("select a{# #}b", "select a b"),
    "two literals on two lines, which are one": ("select 'a'\n'b'", "select 'a' 'b'"),
    "an operator in two": ("a >= b", "a > = b"),
    "minus minus": ("a - -b", "a --b"),
    "a tag that is not Jinja": ("{{ 'a -- b", "{{ 'a -- c"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_comments_and_layout_state_nothing(one: str, other: str) -> None:
    assert of_model(one) == of_model(other)


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_what_may_be_computed_otherwise_is_stated_otherwise(one: str, other: str) -> None:
    assert of_model(one) != of_model(other)


def test_macros_are_those_of_one_engine() -> None:
    shared = "{% macro f(a) %} {{ return(adapter.dispatch('f')(a)) }} {% endmacro %}\n"
    macros = shared + "{#- On Spark. -#}\n{% macro spark__f(a) -%} {{ a }} {%- endmacro %}\n"
    assert of_macros(macros, "spark") == of_macros(shared, "spark") != of_macros(macros, "duckdb")
    assert of_macros(macros.replace("On Spark", "There"), "duckdb") == of_macros(macros, "duckdb")
    assert of_macros(macros.replace("{{ a }}", "{{ b }}"), "duckdb") != of_macros(macros, "duckdb")
