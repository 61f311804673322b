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


def understood(settings: Settings, warehouse: Warehouse) -> Iterator[Finding]:
    """Of each published account, where the usual embedder is set: the language in which most of its questions are, as
    far as it is told. Nothing where nothing is published.
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
        told = Counter({name: count for name, count in languages.items() if name})
        if not told:
            continue
        ((most, _),) = told.most_common(1)
        if most == KNOWN:
            yield Finding("topics", "ok", f"{DEFAULT} knows the language of most questions of {clean(account)}")
            continue
        what = f"most questions of {clean(account)} are in '{most}'; {DEFAULT} knows the meaning of English words alone"
        remedy = f'{how_to_install(MULTILINGUAL)}, and set embedder = "{MULTILINGUAL}" in [topics]'
        yield Finding("topics", "warning", what, remedy)
