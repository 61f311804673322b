"""The report page: all of a verdict, and nothing that a stranger's text could do."""

from __future__ import annotations

from html.parser import HTMLParser

from expectations import page
from expectations.gate import Outcome, Verdict

MARKUP = "<script>alert('x')</script>&amp;\"><img src=x onerror=y>"


class Tags(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def outcome(name: str, **changes: object) -> Outcome:
    facts = {
        "table": "messages", "rule": "3.2", "severity": "critical", "outcome": "passed",
        "rows": 0, "sample": [], "sql": "select 1;", "error": None,
    }  # fmt: skip
    return Outcome(name=name, **{**facts, **changes})  # type: ignore[arg-type]


def verdict(*outcomes: Outcome) -> Verdict:
    is_open = not any(one.closes_the_gate for one in outcomes)
    return Verdict(is_open, sum(one.outcome == "passed" for one in outcomes), len(outcomes), "all", outcomes)


def test_markup_in_rows_names_and_facts_is_shown_as_text() -> None:
    row = {"text": MARKUP, MARKUP: None, "products": [MARKUP]}
    rendered = page.render(
        verdict(
            outcome(MARKUP, outcome="failed", rows=1, sample=[row], sql=MARKUP),
            outcome("raised", outcome="error", error=MARKUP),
            outcome(MARKUP),
        ),
        {"build": MARKUP},
    )
    read = Tags(rendered)
    assert read.text.count(MARKUP) == 7
    assert not {"script", "img"} & set(read.tags)
    assert {name for name, _ in read.attributes} <= {"lang", "charset", "name", "content", "class"}


def test_the_page_needs_nothing_but_itself() -> None:
    rendered = page.render(verdict(outcome("a")), {})
    assert not {"script", "link", "img", "iframe"} & set(Tags(rendered).tags)
    assert "http" not in rendered
    assert "url(" not in rendered


def test_what_closes_the_gate_comes_first_then_warnings_then_what_passed() -> None:
    read = Tags(
        page.render(
            verdict(
                outcome("it passed"),
                outcome("it warned", severity="warning", outcome="failed", rows=1, sample=[{"a": 1}]),
                outcome("it raised", severity="warning", outcome="error", error="no table"),
                outcome("it failed", outcome="failed", rows=30, sample=[{"a": 1}] * 20, sql="select 2;"),
            ),
            {"as of": "2026-07-01"},
        )
    )
    places = [
        read.text.index(text) for text in ("closed", "2026-07-01", "it raised", "it failed", "it warned", "it passed")
    ]
    assert places == sorted(places)
    assert "30 rows contradict this. Table messages, rule 3.2; the first 20:" in read.text
    assert "no table" in read.text
    assert "select 2;" in read.text


def test_an_open_gate_says_so() -> None:
    read = Tags(page.render(verdict(outcome("a"), outcome("b")), {}))
    assert "The gate is open" in read.text
    assert "2 of 2 checks passed." in read.text
    assert "What closes it" not in read.text
