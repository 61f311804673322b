"""The report of a check: one HTML page that stands for itself, without scripts or anything from the net."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from expectations.verdict import Outcome, Verdict

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2126; --soft: #5d6770; --line: #d9dee3; --page: #fff; --block: #f4f6f8;
  --bad: #b3261e; --warn: #8a5a00; --good: #1e6b3a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8eb; --soft: #9aa5ae; --line: #39424a; --page: #15191c;
  --block: #1e2429; --bad: #ff8a80; --warn: #ffc46b; --good: #7fd6a0; } }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin-bottom: .25rem; } h2 { margin-top: 2.5rem; } p, dl { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dd { margin: 0; color: var(--ink); }
section { border-left: .25rem solid var(--line); padding-left: 1rem; margin: 2rem 0; }
section.critical, section.error { border-color: var(--bad); } section.warning { border-color: var(--warn); }
h3 { margin: 0; } .closed, .critical h3, .error h3 { color: var(--bad); } .warning h3 { color: var(--warn); }
.open { color: var(--good); }
.rows { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
pre { background: var(--block); padding: .75rem; overflow-x: auto; font-size: .8125rem; }
summary { cursor: pointer; color: var(--soft); }
"""


def render(verdict: Verdict, heading: Mapping[str, object]) -> str:
    """The page of a verdict under the facts of `heading`. All text is escaped: rows come from strangers.

    What closes the gate comes first, then warnings, then the names of what passed.
    """
    closing = [outcome for outcome in verdict.outcomes if outcome.closes_the_gate]
    warnings = [one for one in verdict.outcomes if one.outcome != "passed" and not one.closes_the_gate]
    passed = [outcome for outcome in verdict.outcomes if outcome.outcome == "passed"]
    state = "open" if verdict.is_open else "closed"
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_text(fact)}</dd>" for name, fact in heading.items())
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>The gate is {state}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<h1>The gate is <span class="{state}">{state}</span></h1>\n'
        f"<p>{verdict.passed} of {verdict.total} checks passed.</p>\n<dl>{facts}</dl>\n"
        f"{_chapter('What closes it', map(_not_passed, closing))}"
        f"{_chapter('Warnings', map(_not_passed, warnings))}"
        f"{_passed(passed)}</body>\n</html>\n"
    )


def _chapter(title: str, sections: Iterable[str]) -> str:
    body = "".join(sections)
    return f"<h2>{_text(title)}</h2>\n{body}" if body else ""


def _not_passed(outcome: Outcome) -> str:
    rule = f", rule {outcome.rule}" if outcome.rule else ""
    if outcome.outcome == "error":
        kind, said = "error", f"This check could not run. Table {outcome.table}{rule}."
        shown = f"<pre>{_text(outcome.error or '')}</pre>\n"
    else:
        rows = "1 row contradicts" if outcome.rows == 1 else f"{outcome.rows} rows contradict"
        first = f"; the first {len(outcome.sample)}:" if outcome.rows > len(outcome.sample) else ":"
        kind, said = outcome.severity, f"{rows} this. Table {outcome.table}{rule}{first}"
        shown = _rows(outcome.sample)
    return (
        f'<section class="{kind}">\n<h3>{_text(outcome.name)}</h3>\n<p>{_text(said)}</p>\n{shown}'
        f"<details><summary>SQL to look at the rows</summary><pre>{_text(outcome.sql)}</pre></details>\n</section>\n"
    )


def _rows(sample: list[dict[str, object]]) -> str:
    if not sample:
        return ""
    head = "".join(f"<th>{_text(name)}</th>" for name in sample[0])
    body = "".join(f"<tr>{''.join(f'<td>{_text(value)}</td>' for value in row.values())}</tr>\n" for row in sample)
    return f'<div class="rows"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n'


def _passed(outcomes: list[Outcome]) -> str:
    listed = "".join(f"<li>{_text(outcome.name)}</li>\n" for outcome in outcomes)
    return f"<details><summary>{len(outcomes)} checks that passed</summary>\n<ul>\n{listed}</ul></details>\n"


def _text(value: object) -> str:
    return "" if value is None else escape(str(value))
