"""How well gaps are found where conversations tell, on the sets of benchmarks/topics with outcomes drawn by chance.

    python benchmarks/drawn_outcomes.py

The sets have no conversations. So it is drawn for every question, always alike, whether it was handed off and whether
the agent said that it has no answer: more often where no article answers. Writes drawn_outcomes.json: of each set and
each pair of chances (of a gap, of an answered question) the AUROC and F1 of gaps among questions.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from taken import taken

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from flows.questions.embedders import DEFAULT, MULTILINGUAL  # noqa: E402
from flows.questions.evaluation import evaluate  # noqa: E402

SETS = {  # with the embedder, and the languages of those that have several
    "banking77": ("banking77", DEFAULT, None),
    "bitext": ("bitext", DEFAULT, None),
} | {
    f"{name} {language}": (name, MULTILINGUAL, [language])
    for name in ("assistant", "home")
    for language in ("en", "de", "es", "fr", "pt")
}
CHANCES = ((0.8, 0.1), (0.5, 0.1), (0.5, 0.2), (0.3, 0.1))
NONE = ("I don't have any information on that.", "Das weiß ich leider nicht.", "No encuentro nada sobre eso.")


def drawn(what: str, of_gap: float, of_answered: float, folder: Path) -> dict[str, Any]:
    """The figures of one set with outcomes; half of what went wrong was handed off, half was said by the agent."""
    name, embedder, languages = SETS[what]
    dice = random.Random(name)
    questions = folder / "questions.jsonl"
    with gzip.open(HERE / "topics" / f"{name}.questions.jsonl.gz", "rt") as file, questions.open("w") as written:
        for row in map(json.loads, file):
            failed = dice.random() < (of_answered if row["is_covered"] else of_gap)
            is_handed_off = failed and dice.random() < 0.5
            answer = dice.choice(NONE) if failed and not is_handed_off else "Yes, this is how it works."
            written.write(json.dumps(row | {"is_handed_off": is_handed_off, "answer": answer}) + "\n")
    found = evaluate(questions, HERE / "topics" / f"{name}.articles.jsonl.gz", embedder, languages=languages)
    return {
        "set": what,
        "embedder": embedder,
        "unanswered_of_gaps": of_gap,
        "unanswered_of_answered": of_answered,
        "gap_question_auroc": round(found.gap_question_auroc or 0, 3),
        "gap_question_f1": round(found.gap_question_f1, 3),
        "gap_topic_auroc": round(found.gap_topic_auroc or 0, 3),
        "gap_topic_f1": round(found.gap_topic_f1, 3),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        figures = [
            drawn(name, *chances, Path(made))
            for name, (_, _, languages) in SETS.items()
            for chances in (CHANCES[:2] if languages else CHANCES)
        ]
    document = {"taken": taken(), "figures": figures}
    (HERE / "drawn_outcomes.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
