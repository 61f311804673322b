"""What doctor says of shoppers' languages that the embedder does not know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from flows.command.finding import Finding
from flows.ground.extras import how_to_install
from flows.ground.text import clean
from flows.settings import Settings
from flows.warehouses import Warehouse

KNOWN = "en"  # of whose words the usual embedder knows the meaning
SHOWN = 3  # languages


def understood(settings: Settings, warehouse: Warehouse) -> Iterator[Finding]:
    """Of each published account, where the usual embedder is set: whether most of its questions are in a language that
    it knows, as far as their topics tell. Nothing where nothing is published.
    """
    from flows.questions.embedders import DEFAULT, MULTILINGUAL  # noqa: PLC0415  NumPy, and what is built on it
    from flows.questions.languages import language  # noqa: PLC0415

    if settings.topics.embedder != DEFAULT or warehouse.standing() is None:
        return
    asked: dict[str, Counter[str]] = defaultdict(Counter)
    with warehouse.read() as reader:
        if not reader.sees("metrics.knowledge_gap_topics", "representative_question"):
            return
        for account, question, count in reader.rows(
            "select account_id, representative_question, question_count from metrics.knowledge_gap_topics"
        ):
            asked[account][language(question or "")] += count
    for account, languages in sorted(asked.items()):
        languages.pop("", None)
        known = languages.pop(KNOWN, 0)
        if not known and not languages:
            continue
        if known >= languages.total():
            yield Finding("topics", "ok", f"{DEFAULT} knows the language of most questions of {clean(account)}")
            continue
        in_them = ", ".join(name for name, _ in languages.most_common(SHOWN))
        what = f"most questions of {clean(account)} are in {in_them}; {DEFAULT} knows the meaning of English alone"
        remedy = f'{how_to_install(MULTILINGUAL)}, and set embedder = "{MULTILINGUAL}" in [topics]'
        yield Finding("topics", "warning", what, remedy)
