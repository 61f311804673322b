"""What the page says, for those who translate it: `make generate`, or `python -m flows.dashboard.generate`.

It finds every text of the templates, of the code and of the tables named here, and brings the files of `messages` up to
date: translations stay, what is said no more goes, and what is new stands there with an empty translation. `--check`
only names what is stale or wrong.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path

from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

import contract
from flows.audiences import segments, wording
from flows.audiences.metrics import METRICS, PROFILE
from flows.dashboard import building, cards, language, limits, look, periods
from flows.dashboard.language import MESSAGES, NAMES, words
from flows.dashboard.sections import audiences, conversations, handoffs
from flows.delivery import health, reasons
from flows.published import gap_draft, notes
from flows.published.events import EVENTS
from flows.published.figures import OPEN_REASONS, RATES, STATUSES
from flows.published.handoffs import DIMENSIONS
from flows.published.measured import WANTED
from flows.published.performance import GROUPS

HERE = Path(__file__).parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "many": (2, 3)}  # which arguments are texts
OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}  # as the page has its templates
# Columns of the contract whose values are shown, as `term` writes them.
SHOWN = (
    ("completeness", "thing"),
    ("conversations", "closed_by"),
    ("conversations", "recontacted_by"),
    ("handoff_steps", "type"),
    ("handoffs", "outcome_reason"),
    ("interactions", "type"),
)
# Reasons of hand-offs that many agents give. The list is open: others are shown as they come.
REASONS = ("complaint", "delivery_problem", "knowledge_gap", "payment_problem", "refund_question", "shopper_request")
# Modules whose texts are said by others, too.
TELLING = tuple(Path(str(one.__file__)) for one in (notes, health, gap_draft, wording))
END = "\n\n"  # of a file's head
Said = str | tuple[str, str]  # a text, or that for one thing and that for several


def said() -> set[Said]:
    """All that the page says, in English."""
    templates = [
        one for file in sorted(HERE.glob("templates/**/*.html")) for one in in_template(file.read_text("utf-8"))
    ]
    code = [one for file in (*sorted(HERE.glob("**/*.py")), *TELLING) for one in in_code(file.read_text("utf-8"))]
    return {*templates, *code, *in_tables()}


def in_template(text: str) -> Iterator[Said]:
    """The texts of a template."""
    for _, found, _, _ in extract("jinja2.ext:babel_extract", BytesIO(text.encode()), KEYWORDS, options=OPTIONS):
        yield found if isinstance(found, str) else (found[0], found[1])


def in_code(text: str) -> Iterator[Said]:
    """The texts that Python gives to a language: Babel's own reader misses those of calls within calls."""
    nodes = list(ast.walk(ast.parse(text)))
    given = {
        name.id: one.value
        for one in nodes
        if isinstance(one, ast.Assign)
        for name in one.targets
        if isinstance(name, ast.Name)
    }
    for call in (one for one in nodes if isinstance(one, ast.Call)):
        name = ast.unparse(call.func) if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        name = name if name == "Text.of" else name.rpartition(".")[2]
        texts = [list(_texts(one, given)) for one in call.args]
        if name == "many" and len(texts) == 3:
            yield from zip(texts[1], texts[2], strict=True)
        elif name in {"say", "self", "Text.of"} and texts:  # a language calls itself
            yield from texts[0]


def in_tables() -> Iterator[Said]:
    """The texts that the page takes from where they are kept."""
    yield from (*look.SECTIONS.values(), *periods.NAMES.values(), *language.SENDERS.values(), *EVENTS.values())
    yield from language.TOUCHES.values()
    yield from (*(one.capitalize() for one in STATUSES), *conversations.MARK_NAMES.values())
    yield from (*conversations.ORDER_NAMES.values(), *audiences.FILTERS.values(), *handoffs.REASONS.values(), *GROUPS)
    yield from handoffs.WITHOUT.values()
    yield from health.REFUSED.values()
    yield from (*reasons.WHAT, *reasons.REMEDIES, reasons.TRIED, *reasons.WITH_PLACES)
    yield from (*limits.REFUSALS, *building.LACKING.values())
    yield from (*health.KINDS.values(), *health.OUTCOMES.values())
    for pair in (*handoffs.OUTCOMES.values(), *WANTED.values()):
        yield from pair
    yield from _of_segments()
    for rate in RATES:
        yield from (rate.title, rate.definition)
    for _, title, definition, _ in cards._AMOUNTS.values():
        yield from (title, definition)
    channels = contract.landing()["conversations"].column("channel").values
    terms = [value for table, column in SHOWN for value in contract.metrics()[table].column(column).values]
    terms += [
        *STATUSES,
        *OPEN_REASONS,
        *DIMENSIONS,
        *REASONS,
        *(one for one in channels if one not in language.CHANNELS),
    ]
    yield from map(words, terms)


def _of_segments() -> Iterator[Said]:
    """Metrics and properties, the definitions that come with the package, and the parts of rules in words."""
    properties = {name for metric in METRICS.values() for name in metric.properties}
    yield from (*METRICS, *map(wording.property_in_words, properties | PROFILE.keys()))
    for one in segments(Path("nowhere"), shipped=True)[0]:
        yield from (one.segment.name, one.segment.description)
    yield from (*wording.NUMBERS.values(), *wording.TEXTS.values())
    for table in (wording.TIMES, wording.LAST, wording.EARLIER, wording.BETWEEN, wording.WITHIN):
        yield from table.values()
    for texts in wording.CONSENT.values():
        yield from texts.values()


def fresh(text: str, texts: Collection[Said]) -> str:
    """The file of a language with exactly these texts, sorted; its head, which ends with an empty line, stays."""
    catalog = read_po(StringIO(text))
    for message in [one for one in catalog if one.id and one.id not in texts]:
        catalog.delete(message.id)
    for one in texts:
        known = catalog.get(one)
        if known is None or (isinstance(one, tuple) and known.id != one):
            catalog.add(one)
    body = BytesIO()
    write_po(body, catalog, width=0, sort_output=True, omit_header=True, ignore_obsolete=True)
    return f"{text.partition(END)[0]}{END}{body.getvalue().decode().strip()}\n"


def problems(text: str) -> Iterator[str]:
    """What keeps the translations of a file from being shown: they are missing, or have other gaps than the text."""
    for message in read_po(StringIO(text)):
        if not message.id:
            continue
        names = [message.id] if isinstance(message.id, str) else list(message.id)
        name = names[-1]
        translations = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if not translations or not all(translations):
            yield f"not translated: {name}"
        elif message.fuzzy:
            yield f"marked as fuzzy: {name}"
        else:
            for place, one in enumerate(translations):
                known = names if place == 0 else names[-1:]  # the text for one thing may do without its number
                if _gaps(one) not in map(_gaps, known):
                    yield f"other gaps than {name}: {one}"


def main(arguments: Sequence[str], folder: Path = MESSAGES) -> int:
    """Write what is stale, or with `--check` only name it; the exit status, 1 as well where a translation is wrong."""
    is_check, wrong = "--check" in arguments, False
    texts = said()
    for code in (one for one in NAMES if one != "en"):
        file = folder / f"{code}.po"
        text = file.read_text("utf-8")
        wanted = fresh(text, texts)
        if is_check and wanted != text:
            wrong = True
            print(f"is stale, run `make generate`: {file}")
        elif wanted != text:
            file.write_text(wanted, "utf-8")
            print(f"wrote {file}")
        for problem in problems(wanted):
            wrong = True
            print(f"{file}: {problem}")
    return 1 if wrong else 0


def _texts(node: ast.expr, given: Mapping[str, ast.expr]) -> Iterator[str]:
    """Those that an argument can be; `given` has what names stand for."""
    if isinstance(node, ast.IfExp):
        yield from (*_texts(node.body, given), *_texts(node.orelse, given))
    elif isinstance(node, ast.Name) and node.id in given:
        yield from _texts(given[node.id], {})
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _gaps(text: str) -> list[str]:
    """What is filled in, and signs of per cent, which are easily taken for it."""
    return sorted(re.findall(r"%(?:\(\w+\)s|%)?", text))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
