"""SQL of phrases that people read and extend: those that send a shopper elsewhere (rule 13.5), and those with which an
agent says that it has no answer (rule 8.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from contract import phrases
from contract.phrases import Phrase

DEFLECTIONS = "dbt_project/deflections.toml"
FALLBACKS = "dbt_project/fallbacks.toml"


def files(root: Path) -> dict[str, str]:
    """The macros of both files, by their path."""
    deflections, fallbacks = (phrases.read(root / file) for file in (DEFLECTIONS, FALLBACKS))
    return {
        "dbt_project/macros/deflections.sql": "\n".join([
            f"{{#- Generated from {DEFLECTIONS} by `make generate`: change it there.",
            "    What sends a shopper elsewhere, and what does not (13.5), as regular expressions. -#}",
            *_by_group("deflecting_phrases", [(one.to, one) for one in deflections if one.to]),
            "",
            *_taken_out("phrases_to_take_out", deflections),
            "",
        ]),
        "dbt_project/macros/fallbacks.sql": "\n".join([
            f"{{#- Generated from {FALLBACKS} by `make generate`: change it there.",
            "    What says that there is no answer, and what does not (8.3), as regular expressions. -#}",
            *_by_group("fallback_phrases", [(one.language, one) for one in fallbacks if not one.is_taken_out]),
            "",
            *_taken_out("no_fallbacks", fallbacks),
            "",
        ]),
    }  # fmt: skip


def _by_group(macro: str, grouped: Iterable[tuple[str, Phrase]]) -> list[str]:
    groups: dict[str, list[Phrase]] = {}
    for group, phrase in grouped:
        groups.setdefault(group, []).append(phrase)
    patterns = (f"        '{group}': \"{phrases.any_of(found)}\"," for group, found in groups.items())
    return [f"{{% macro {macro}() -%}}", "    {{ return({", *patterns, "    }) }}", "{%- endmacro %}"]


def _taken_out(macro: str, found: Iterable[Phrase]) -> list[str]:
    pattern = phrases.any_of(one for one in found if one.is_taken_out)
    return [f"{{% macro {macro}() -%}}", f'    {{{{ return("{pattern}") }}}}', "{%- endmacro %}"]
