"""Topics and gaps are as good as is said, on questions whose topics are known (rules 8.2 and 8.3)."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from flows.ground.errors import InputError
from flows.questions.embedders import DEFAULT
from flows.questions.evaluation import Evaluation, evaluate

SETS = Path(__file__).parents[2] / "benchmarks" / "topics"
AT_LEAST = {  # NMI, ARI, AUROC and F1 of gaps among questions
    "banking77": (0.78, 0.47, 0.86, 0.71),
    "bitext": (0.85, 0.60, 0.86, 0.70),
}


def figures(found: Evaluation) -> tuple[float, float, float, float]:
    return found.nmi, found.ari, found.gap_question_auroc or 0, found.gap_question_f1


@pytest.mark.parametrize("name", AT_LEAST)
def test_the_public_sets_are_grouped_and_tested_as_well_as_is_said(name: str) -> None:
    found = evaluate(SETS / f"{name}.questions.jsonl.gz", SETS / f"{name}.articles.jsonl.gz", DEFAULT)
    assert all(one >= least for one, least in zip(figures(found), AT_LEAST[name], strict=True)), found
    assert found.homogeneity > 0.8, found
    assert found.completeness > 0.75, found
    assert found.unassigned_share < 0.05


def test_the_truth_is_for_scoring_alone(tmp_path: Path) -> None:
    """With the truth shuffled, the same topics and gaps are found, and score as chance does."""
    with gzip.open(SETS / "banking77.questions.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file][::4]
    truths = [(row["topic"], row["is_covered"]) for row in rows]
    found = []
    for _ in range(2):
        (tmp_path / "questions.jsonl").write_text(
            "\n".join(
                json.dumps(row | {"topic": topic, "is_covered": is_covered})
                for row, (topic, is_covered) in zip(rows, truths, strict=True)
            )
        )
        found.append(evaluate(tmp_path / "questions.jsonl", SETS / "banking77.articles.jsonl.gz", DEFAULT))
        random.Random(1).shuffle(truths)
    true, shuffled = found
    assert (true.topics, true.unassigned_share) == (shuffled.topics, shuffled.unassigned_share)
    assert true.ari > 0.4 > 0.05 > shuffled.ari
    assert (true.gap_question_auroc or 0) > 0.7 > 0.58 > (shuffled.gap_question_auroc or 0)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "line 2 has no text"),
        ('{"text": "a", "topic": "t"}', "line 2 has no is_covered"),
        ('{"text": 1, "topic": "t", "is_covered": true}', "line 2 has no text"),
        ("[]", "line 2 has no text and no topic and no is_covered"),
    ],
)
def test_a_line_that_says_too_little_is_named(tmp_path: Path, line: str, what: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"text": "Why?", "topic": "t", "is_covered": true}\n' + line)
    with pytest.raises(InputError, match=what):
        evaluate(file, SETS / "bitext.articles.jsonl.gz", DEFAULT)


def test_one_question_of_one_topic_can_be_evaluated(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"text": "Do you ship to Norway?", "topic": "t", "is_covered": false}\n')
    (tmp_path / "a.jsonl").write_text('{"article_id": "a", "title": "Washing at 30 degrees", "body": null}\n')
    found = evaluate(tmp_path / "q.jsonl", tmp_path / "a.jsonl", DEFAULT)
    assert (found.topics, found.unassigned_share, found.gap_question_auroc) == (0, 1.0, None)
    assert found.gap_question_f1 == 1.0


def test_articles_of_other_languages_are_left_out_and_those_of_none_stay(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(
        '{"text": "Do you ship to Norway?", "topic": "t", "is_covered": true, "language": "en"}\n'
        '{"text": "Liefert ihr nach Polen?", "topic": "t", "is_covered": true, "language": "de"}\n'
    )
    lines = [{"article_id": str(one), "title": "t", "language": one} for one in ("en", "de", "fr")]
    lines.append({"article_id": "any", "title": "t"})
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = [
        evaluate(tmp_path / "q.jsonl", tmp_path / "a.jsonl", DEFAULT, languages=languages).articles
        for languages in (None, ["en"], ["en", "de"])
    ]
    assert found == [4, 2, 3]


def told(tmp_path: Path, name: str, outcome: dict[str, object]) -> Evaluation:
    """The figures of a fourth of a set, with this outcome of the questions that no article answers."""
    with gzip.open(SETS / f"{name}.questions.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file][::4]
    fine = {"is_handed_off": False, "answer": "Yes, it is."}
    lines = [json.dumps(row | (fine if row["is_covered"] else {**fine, **outcome})) for row in rows]
    (tmp_path / "told.jsonl").write_text("\n".join(lines))
    return evaluate(tmp_path / "told.jsonl", SETS / f"{name}.articles.jsonl.gz", DEFAULT)


@pytest.mark.parametrize("outcome", [{"is_handed_off": True}, {"answer": "Leider weiß ich das nicht."}])
def test_what_came_of_questions_decides(tmp_path: Path, outcome: dict[str, object]) -> None:
    """Where every gap went wrong and nothing else, nearly each is found; where nothing did, none is said."""
    found = told(tmp_path, "bitext", outcome)
    assert (found.judged, found.questions) == (found.questions, found.questions)
    assert (found.gap_question_auroc or 0) > 0.96  # by texts alone 0.87
    assert found.gap_question_f1 > 0.8  # by texts alone 0.71
    assert told(tmp_path, "bitext", {}).gap_question_recall < 0.1


def test_questions_of_which_nothing_is_told_stand_on_texts(tmp_path: Path) -> None:
    found = told(tmp_path, "bitext", {"is_handed_off": None, "answer": None})
    assert 0 < found.judged < found.questions
    plain = evaluate(SETS / "bitext.questions.jsonl.gz", SETS / "bitext.articles.jsonl.gz", DEFAULT)
    assert plain.judged == 0


def test_kinds_and_follow_ups_are_told(tmp_path: Path) -> None:
    """A follow-up without the turn before it stands alone; kinds are held against true ones where lines have them."""
    lines = [
        {"text": "Can I talk to a person?", "kind": "person"},
        {"text": "How long does delivery take?", "kind": "knowledge"},
        {"text": "Where is my order 123456?", "kind": "knowledge"},  # a wrong truth: it is lost
        {"text": "And to Norway?", "earlier": "Do you ship to Sweden?"},
        {"text": "And to Norway?"},
        {"text": "Do you repair a broken zip?", "earlier": "Do you ship to Sweden?"},
    ]
    (tmp_path / "q.jsonl").write_text(
        "\n".join(json.dumps({"topic": "t", "is_covered": False} | line) for line in lines)
    )
    (tmp_path / "a.jsonl").write_text('{"article_id": "a", "title": "Washing at 30 degrees"}\n')
    found = evaluate(tmp_path / "q.jsonl", tmp_path / "a.jsonl", DEFAULT)
    assert (found.follow_ups, found.kind_accuracy, found.knowledge_lost_share) == (1, 2 / 3, 0.5)
    bare = evaluate(SETS / "bitext.questions.jsonl.gz", SETS / "bitext.articles.jsonl.gz", DEFAULT)
    assert (bare.follow_ups, bare.kind_accuracy, bare.knowledge_lost_share) == (0, None, None)
