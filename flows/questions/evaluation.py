"""How good the topics and the gaps are, measured on questions of which somebody has said both.

A questions file has a line of JSON for each question: question_id, text, topic (the true one) and is_covered (whether
an article answers it), perhaps language; an articles file: article_id, title, body, perhaps language. Either may be
compressed with gzip.
The truth is for scoring alone: the method sees texts and articles, and what came of the questions where their lines
tell it: is_handed_off, whether the conversation was handed off for no other reason than that the agent had no answer,
and answer, the agent's words. Each question is a conversation of its own. A line may have earlier, the shopper's turn
before, which is read with a question that cannot stand alone, and kind, the true one (rule 8.4).
"""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    adjusted_rand_score,
    homogeneity_completeness_v_measure,
    precision_recall_fscore_support,
    roc_auc_score,
)

from flows.ground.errors import InputError
from flows.questions import account, context
from flows.questions.coverage import Article
from flows.questions.evidence import likely_unanswered
from flows.questions.fallbacks import says_no_answer
from flows.questions.kinds import vote
from flows.questions.noise import Noise, noisy
from flows.questions.understanding import NOTHING, about, understood

GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Evaluation:
    """Figures between 0 and 1 unless they count; None where the truth leaves them undefined.

    Questions in no topic count as one group of their own for `nmi`, `ari`, `homogeneity` and `completeness`. A question
    is said to be a gap where it probably goes unanswered (rule 8.3): by its coverage alone where no line tells what
    came of it. A topic is truly a gap where most of its questions are. Of `judged` questions it is known whether they
    were answered; `follow_ups` were read with the turn before. `kind_accuracy` is the share of right kinds among the
    questions with a true one, `knowledge_lost_share` the share of those of knowledge that were taken for another kind.
    """

    questions: int
    judged: int
    follow_ups: int
    articles: int
    true_topics: int
    topics: int
    nmi: float
    ari: float
    homogeneity: float
    completeness: float
    unassigned_share: float
    gap_question_auroc: float | None
    gap_question_precision: float
    gap_question_recall: float
    gap_question_f1: float
    gap_topic_auroc: float | None
    gap_topic_precision: float
    gap_topic_recall: float
    gap_topic_f1: float
    kind_accuracy: float | None
    knowledge_lost_share: float | None
    seconds: float

    def to_json_dict(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(
    questions: Path,
    articles: Path,
    embedder: str,
    *,
    languages: Collection[str] | None = None,
    noise: Noise | None = None,
) -> Evaluation:
    """Group the questions, test them against the articles, and compare with the truth. Raises InputError.

    `languages` leaves only the questions of which `language` is among them, and the articles of these languages and of
    none; `noise` is added to each question.
    """
    asked = read_lines(questions, {"text": str, "topic": (str, int), "is_covered": bool})
    if languages:
        asked = [one for one in asked if one.get("language") in languages]
        if not asked:
            what = f"no question has the language {' or '.join(sorted(languages))}"
            raise InputError(what, where=str(questions), remedy="give each question its `language`, such as en")
    if noise:
        asked = [one | {"text": noisy(one["text"], noise)} for one in asked]
    answers = read_lines(articles, {"article_id": (str, int), "title": str})
    answers = [one for one in answers if not languages or one.get("language", "") in {"", *languages}]
    known = [Article(str(one["article_id"]), one["title"], one.get("body")) for one in answers]
    started = time.perf_counter()
    texts = [_read(one) for one in asked]
    topics, coverage = _found(texts, known, embedder)
    outcomes = np.array([_outcome(one) for one in asked])
    score = 1 - _unanswered(topics, coverage, outcomes)
    seconds = time.perf_counter() - started
    true_topics = [str(one["topic"]) for one in asked]
    homogeneity, completeness, nmi = homogeneity_completeness_v_measure(true_topics, topics)
    is_gap = np.array([not one["is_covered"] for one in asked])
    inside = topics >= 0
    count = np.maximum(np.bincount(topics[inside]), 1)
    accuracy, lost = _kinds([(one["text"], str(one["kind"])) for one in asked if one.get("kind")])
    by_topic = np.bincount(topics[inside], score[inside]) / count
    is_gap_topic = np.bincount(topics[inside], is_gap[inside]) / count > 0.5
    return Evaluation(
        questions=len(asked),
        judged=int((outcomes >= 0).sum()),
        follow_ups=sum(text != one["text"] for text, one in zip(texts, asked, strict=True)),
        articles=len(known),
        true_topics=len(set(true_topics)),
        topics=len(set(topics[inside].tolist())),
        nmi=nmi,
        ari=adjusted_rand_score(true_topics, topics),
        homogeneity=homogeneity,
        completeness=completeness,
        unassigned_share=float(1 - inside.mean()),
        seconds=round(seconds, 3),
        kind_accuracy=accuracy,
        knowledge_lost_share=lost,
        **_judged("question", is_gap, score),
        **_judged("topic", is_gap_topic, by_topic),
    )


def _found(texts: list[str], articles: list[Article], embedder: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The topic of each question, -1 for none, and its coverage: as a build finds them for an account."""
    asked = Counter(texts)
    distinct = sorted(asked, key=account.key)
    worded = account.wordings(distinct, [asked[text] for text in distinct])
    count = worded.exemplars
    chosen = worded.first[:count]
    texts_ = [distinct[at] for at in chosen]
    votes = np.array([vote(about(text, NOTHING).kind) for text in texts_], dtype=np.int64)
    exemplars = account.made(texts_, worded.questions[:count], embedder, votes=votes)
    index, nearness = exemplars.neighbours().nearest(worded.forms[count:])
    own = np.arange(len(exemplars.texts))
    index = np.concatenate([own, index])[worded.which]
    nearness = np.concatenate([np.ones(len(own)), nearness])[worded.which]
    topics = np.where(exemplars.is_loose[index] | (nearness < 1), -1, exemplars.groups[index])
    score = exemplars.coverage(articles).score[index] * nearness
    place = {text: one for one, text in enumerate(distinct)}
    order = np.array([place[text] for text in texts])
    numbers = {topic: number for number, topic in enumerate(sorted(set(topics.tolist()) - {-1}))} | {-1: -1}
    return np.array([numbers[topic] for topic in topics[order].tolist()]), score[order]


def _read(line: dict[str, Any]) -> str:
    """The question as it is grouped (rule 8.1)."""
    text, earlier = str(line["text"]), line.get("earlier")
    (found,) = understood([""], [text], {}, are_asked=True, are_many=False)
    return context.together(str(earlier), text) if earlier and found.follows_up else text


def _kinds(told: list[tuple[str, str]]) -> tuple[float | None, float | None]:
    """The share of texts whose kind is told right, and of questions for knowledge told wrong; None of no texts.

    `told` is texts with their true kind; the kind is told without a catalogue.
    """
    is_right = [(about(text, NOTHING).kind == kind, kind == "knowledge") for text, kind in told]
    of_knowledge = [right for right, is_knowledge in is_right if is_knowledge]
    accuracy = sum(right for right, _ in is_right) / len(is_right) if is_right else None
    return accuracy, 1 - sum(of_knowledge) / len(of_knowledge) if of_knowledge else None


def _outcome(line: dict[str, Any]) -> int:
    """1 where the agent had no answer, 0 where it had one, -1 where the line does not tell (rule 8.3)."""
    answer = line.get("answer")
    if line.get("is_handed_off") is True or (answer and says_no_answer(str(answer))):
        return 1
    return 0 if answer or line.get("is_handed_off") is False else -1


def _unanswered(
    topics: NDArray[np.int64], coverage: NDArray[np.float64], outcomes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How likely each question goes unanswered, from 0 to 1 with the line at a half: of nine parts, six are its
    topic's, two its own text and one its own outcome. A question in no topic is a topic of its own.
    """
    is_judged = outcomes >= 0
    if not is_judged.any():
        return 1 - coverage
    alone = np.flatnonzero(topics < 0)
    of = topics.copy()
    of[alone] = topics.max(initial=-1) + 1 + np.arange(len(alone))
    count = np.bincount(of)
    unanswered, judged = np.bincount(of, outcomes > 0).astype(int), np.bincount(of, is_judged).astype(int)
    usual = float((outcomes > 0).sum() / is_judged.sum())
    likely = likely_unanswered(unanswered, judged, np.bincount(of, coverage) / np.maximum(count, 1), usual)[of]
    return np.asarray(np.where(is_judged, (6 * likely + outcomes + 2 * (1 - coverage)) / 9, likely))


def _judged(what: str, is_gap: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, Any]:
    if not len(is_gap):
        return {f"gap_{what}_auroc": None} | {f"gap_{what}_{one}": 0.0 for one in ("precision", "recall", "f1")}
    precision, recall, f1, _ = precision_recall_fscore_support(is_gap, score < 0.5, average="binary", zero_division=0)
    both = 0 < is_gap.sum() < len(is_gap)
    return {
        f"gap_{what}_auroc": float(roc_auc_score(is_gap, -score)) if both else None,
        f"gap_{what}_precision": float(precision),
        f"gap_{what}_recall": float(recall),
        f"gap_{what}_f1": float(f1),
    }


def read_lines(file: Path, needed: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file. Raises InputError that names the line at fault."""
    try:
        content = file.read_bytes()
        text = (gzip.decompress(content) if content.startswith(GZIP) else content).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"the file cannot be read ({reason})", where=str(file), remedy="name a JSON-lines file"
        ) from error
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        wrong = [
            name for name, kind in needed.items() if not isinstance(row, dict) or not isinstance(row.get(name), kind)
        ]
        if wrong:
            what = f"line {number} has no {' and no '.join(wrong)}"
            raise InputError(what, where=str(file), remedy=f"give an object with {', '.join(needed)} on each line")
        rows.append(row)
    if not rows:
        raise InputError("the file is empty", where=str(file), remedy="give an object on each line")
    return rows
