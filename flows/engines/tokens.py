"""What a model or a macro states: its SQL and its Jinja without comments and layout.

Two files with the same tokens compute the same. The other way round it is careful: SQL that could mean something else
than it seems to is taken as it stands, blanks and comments included, so that no change is overlooked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, TemplateSyntaxError

Tag = tuple[str, ...]  # the tokens of a Jinja tag, such as ("block_begin", "endmacro", "block_end")

OPENS, CLOSES = {"macro", "materialization", "test"}, {"endmacro", "endmaterialization", "endtest"}
NOTHING = {"comment_begin", "comment", "comment_end", "whitespace"}
HOLE = "\0"  # stands in the SQL for a Jinja tag
SIGNS = ("'", '"', "`", "--", "/*", "*/")  # what may open or close a literal, a name or a comment
QUOTES, ALONE = "'\"`", "(),;[]\n"  # `ALONE` are never part of something longer
SQL = re.compile(
    r"""(?P<quoted> '(?:[^'\\]|\\(?!'))*' | "(?:[^"\\]|\\(?!"))*" | `[^`]*` | /\*\+.*?\*/ )  # the last: hints for Spark
    | (?P<comment> --[^\n]*\n? | /\*.*?\*/ )
    | (?P<blanks> \s+ )
    | (?P<plain> [^\s'"`\\$/*-]+ | - | /(?!\*) | \*(?!/) )
    | (?P<unclear> . )  # an open quote or comment, an escape, a dollar quote
    """,
    re.DOTALL | re.VERBOSE,
)
_jinja = Environment(autoescape=True)  # takes texts apart and renders none


@cache
def of_model(text: str) -> str:
    """The tokens of a model's file."""
    try:
        return _joined(list(_parts(text)))
    except TemplateSyntaxError:
        return text


@cache
def of_macros(text: str, not_for: str) -> str:
    """The tokens of a file of macros, without those that dbt dispatches to the engine `not_for` alone."""
    try:
        return _joined(list(_macros(text, not_for)))
    except TemplateSyntaxError:
        return text


def _parts(text: str) -> Iterator[str | Tag]:
    """SQL and Jinja tags in turn, without Jinja's comments and the blanks that a `-` in a tag takes away."""
    tag: list[str] = []
    for _, kind, value in _jinja.lex(text):
        if kind in NOTHING:
            continue
        if kind == "data":
            yield value
        elif kind.startswith("raw_"):
            yield (kind,)
        elif kind.endswith("_begin"):
            tag = [kind]
        elif kind.endswith("_end"):
            yield (*tag, kind)
        else:
            tag.append(value)


def _macros(text: str, not_for: str) -> Iterator[str | Tag]:
    """The parts of macros; blanks between macros state nothing."""
    is_inside = is_left_out = False
    for part in _parts(text):
        word = part[1] if isinstance(part, tuple) and len(part) > 2 else ""
        if word in OPENS:
            is_inside, is_left_out = True, part[2].startswith(f"{not_for}__")
        if not is_left_out and (is_inside or isinstance(part, tuple) or part.strip()):
            yield part
        if word in CLOSES:
            is_inside = is_left_out = False


def _joined(parts: list[str | Tag]) -> str:
    """One text: the SQL with holes, then the tags that fill them."""
    tags = [part for part in parts if isinstance(part, tuple)]
    sql = "".join(part if isinstance(part, str) else HOLE for part in parts)
    bare = None if any(map(_may_open, tags)) else _bare(sql)
    return "\n".join([sql if bare is None else bare, *map("\x1f".join, tags)])


def _may_open(tag: Tag) -> bool:
    """Whether the strings of a tag, written into the SQL, may open or close something there."""
    strings = " ".join(token[1:-1] for token in tag if token[:1] in {"'", '"'})
    return any(found["unclear"] or found[0].startswith("--") for found in SQL.finditer(strings))


def _bare(sql: str) -> str | None:
    """The SQL without comments and with the fewest blanks; None where it is not clear what is a comment."""
    written = gap = ""
    for found in SQL.finditer(sql):
        kind, text = found.lastgroup, found[0]
        if kind == "unclear":
            return None
        if kind == "comment":
            _, tag, rest = text.partition(HOLE)
            if "/*" in text[2:] or (tag and any(sign in rest.removesuffix("*/") for sign in SIGNS)):
                return None
            if not tag:  # Jinja looks into comments, too: `-- depends_on: {{ ref('orders') }}`
                kind, text = "blanks", "\n" if text.endswith("\n") else " "
        if kind == "blanks":
            gap += text
        else:
            written += (_blank(written[-1:], gap, text[0]) if gap else "") + text
            gap = ""
    return written


def _blank(before: str, gap: str, after: str) -> str:
    """What has to stay of blanks between two characters."""
    is_between_literals = before in QUOTES and after in QUOTES  # a line's end joins them
    if before and (before == HOLE or is_between_literals):  # the tag may give a comment, which a line's end ends
        return "\n" if "\n" in gap else " "
    return "" if before in ALONE or after in ALONE else " "
