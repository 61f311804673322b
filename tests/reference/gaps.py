"""Chapter 8 once more, where no text is read: what is counted of questions whose kind, topic and coverage are known.

Given are the published questions (rules 8.1 and 8.4 are about texts), messages, conversations and orders, when articles
came to cover topics by their text and ceased to, and what was decided. Where the text leaves two readings, this is the
one taken:
- 8.3 only what one of its own questions says makes a conversation unanswered (8.6); that the shopper came back with the
  topic only judges it.
- 8.3 a message of the agent without words is no answer, unless it names the articles on which it stands.
- 8.3 of the account, a conversation is judged by all its questions together, since ever, whatever their topics.
- 8.5 of a change and a decision of one instant, the decision was first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import isclose, sqrt
from typing import Any

import duckdb

from flows.ground.home import Home
from flows.questions.fallbacks import says_no_answer
from tests.reference.compare import only
from tests.reference.landing import Row

Z = 1.959963984540054
KINDS = ("knowledge", "product", "order", "person", "complaint", "other")  # 8.4: of equally frequent ones the first
HANDED_OFF = ("routed", "closed")
DAY = timedelta(hours=24)
Tables = dict[str, list[Row]]


@dataclass
class Asked:
    """A question: what the replies to it say (8.3), and whether it went unanswered; None where nothing tells."""

    row: Row
    turn: int
    answers: int = 0
    fallbacks: int = 0
    has_reply: bool = False
    is_supported: bool = False
    is_unanswered: bool | None = None


@dataclass
class Account:
    """An account's published rows; `turns` are its rows of when topics turned, `decided` what was decided of topics."""

    tables: Tables
    turns: list[Row]
    decided: list[Row]
    as_of: datetime

    def __post_init__(self) -> None:
        self.orders: dict[Any, list[Row]] = defaultdict(list)
        for row in self.tables["orders"]:
            if row["cancelled_at"] is None:
                self.orders[row["profile_id"]].append(row)
        self.conversations = {row["conversation_id"]: row for row in self.tables["conversations"]}
        self.asked = self._asked()
        self.of_topic: dict[str, dict[str, list[Asked]]] = defaultdict(lambda: defaultdict(list))
        for one in self.asked:
            if one.row["topic_id"] is not None:
                self.of_topic[one.row["topic_id"]][one.row["conversation_id"]].append(one)
        self.of_conversation: dict[str, list[Asked]] = defaultdict(list)
        for one in self.asked:
            self.of_conversation[one.row["conversation_id"]].append(one)
        self.names_articles = any(row["article_ids"] is not None for row in self.tables["messages"] if _is_agent(row))

    def _asked(self) -> list[Asked]:
        """8.3 Every question with its replies."""
        questions = {row["message_id"]: row for row in self.tables["knowledge_gap_questions"]}
        threads: dict[str, list[Row]] = defaultdict(list)
        for message in sorted(self.tables["messages"], key=lambda one: one["position"]):
            threads[message["conversation_id"]].append(message)
        found: list[Asked] = []
        for conversation_id, messages in threads.items():
            turn, was_reply, open_turn = 0, False, list[Asked]()
            asked: list[Asked] = []
            for message in messages:
                if message["sender"] == "visitor":
                    if was_reply:
                        turn, was_reply, open_turn = turn + 1, False, []
                    if message["message_id"] in questions:
                        open_turn.append(Asked(questions[message["message_id"]], turn))
                        asked.append(open_turn[-1])
                elif message["sender"] in ("agent", "human"):
                    was_reply = True
                    for one in open_turn:
                        one.has_reply = True
                        if _is_agent(message):
                            _hear(one, message)
            _blame(asked, self.conversations[conversation_id])
            found += asked
        return found

    def judge(self, conversation_id: str, asked: Sequence[Asked], topic: str | None) -> bool | None:
        """8.3 Whether a conversation went unanswered, by these questions of it; None where nothing is known."""
        if any(one.is_unanswered for one in asked) or (topic is not None and self._came_back(conversation_id, topic)):
            return True
        if self.names_articles:
            is_answered = any(one.is_supported and one.answers for one in asked)
        else:
            is_answered = any(one.answers for one in asked)
        return False if is_answered else None

    def _came_back(self, conversation_id: str, topic: str) -> bool:
        row = self.conversations[conversation_id]
        return row["recontacted_by"] == "conversation" and row["recontact_id"] in self.of_topic[topic]

    @cached_property
    def line(self) -> float:
        judged = [
            told
            for conversation, asked in self.of_conversation.items()
            if (told := self._judged_alone(conversation, asked)) is not None
        ]
        return 0.2 + 0.6 * (sum(judged) / len(judged) if judged else 0.5)

    def _judged_alone(self, conversation_id: str, asked: Sequence[Asked]) -> bool | None:
        topics = {one.row["topic_id"] for one in asked} - {None}
        if any(self._came_back(conversation_id, topic) for topic in topics):
            return True
        return self.judge(conversation_id, asked, None)

    def topics(self) -> list[Row]:
        """What `knowledge_gap_topics` must count; the coverage score of each is given."""
        line, scores = (
            self.line,
            {row["topic_id"]: row["coverage_score"] for row in self.tables["knowledge_gap_topics"]},
        )
        return [self._topic(topic, asked, scores[topic], line) for topic, asked in sorted(self.of_topic.items())]

    def _topic(self, topic: str, of: dict[str, list[Asked]], score: float, line: float) -> Row:
        questions = [one for asked in of.values() for one in asked]
        at = [one.row["asked_at"] for one in questions]
        turned = sorted((row for row in self.turns if row["topic_id"] == topic), key=lambda row: row["changed_at"])
        since = turned[-1]["changed_at"] if len(turned) > 1 else None
        judged = [
            told
            for conversation, asked in of.items()
            if (since is None or min(one.row["asked_at"] for one in asked) >= since)
            and (told := self.judge(conversation, asked, topic)) is not None
        ]
        m = 1 - score / 0.5 * (1 - line) if score <= 0.5 else line * (1 - score) / 0.5
        is_unanswered = (sum(judged) + 3 * m) / (len(judged) + 3) > line
        counts = Counter(one.row["kind"] for one in questions)
        if counts["other"] <= 0.75 * len(questions):
            del counts["other"]
        kind = max(KINDS, key=lambda one: (counts[one], -KINDS.index(one)))
        is_gap = is_unanswered and kind == "knowledge"
        unanswered = sum(any(one.is_unanswered for one in asked) for asked in of.values())
        low, high = wilson(unanswered, len(of))
        return {
            "topic_id": topic,
            "question_count": len(questions),
            "conversation_count": len(of),
            "handed_off_conversation_count": sum(self.conversations[one]["status"] in HANDED_OFF for one in of),
            "first_asked_at": min(at),
            "last_asked_at": max(at),
            "kind": kind,
            "judged_conversation_count": len(judged),
            "judged_unanswered_count": sum(judged),
            "is_unanswered": is_unanswered,
            "is_gap": is_gap,
            "shopper_count": len(self._shoppers(of)),
            "unanswered_conversation_count": unanswered,
            "unanswered_share": unanswered / len(of),
            "unanswered_share_low": low,
            "unanswered_share_high": high,
            **self._stakes(of),
            **self._work(topic, is_gap, turned),
        }

    def _shoppers(self, conversations: Any) -> set[tuple[str, str]]:
        return {
            ("profile", profile) if (profile := self.conversations[one]["profile_id"]) is not None else ("nobody", one)
            for one in conversations
        }

    def _stakes(self, of: dict[str, list[Asked]]) -> Row:
        """8.6 What the shop would have sold."""
        names = ("sales_at_stake", "sales_at_stake_low", "sales_at_stake_high")
        orders = [row for rows in self.orders.values() for row in rows]
        unanswered = {one for one, asked in of.items() if any(question.is_unanswered for question in asked)}
        theirs = self._bought(unanswered)
        others = self._answered
        if not orders or not theirs[1] or not others[1]:
            return dict.fromkeys(names)
        (a, n), (b, k) = others, theirs
        change, low, high = newcombe(b, k, a, n)
        value = float(sum(row["net_revenue"] for row in orders)) / len(orders)
        shoppers = len(self._shoppers(unanswered))
        return dict(zip(names, (max(shoppers * one * value, 0.0) for one in (change, low, high)), strict=True))

    def _bought(self, conversations: set[str]) -> tuple[int, int]:
        """Those of the conversations whose shopper bought within a day of the last question, and those that had it."""
        bought = watched = 0
        for one in conversations:
            profile = self.conversations[one]["profile_id"]
            last = max(question.row["asked_at"] for question in self.of_conversation[one])
            if profile is None or last + DAY > self.as_of:
                continue
            watched += 1
            bought += any(last <= row["placed_at"] < last + DAY for row in self.orders[profile])
        return bought, watched

    @cached_property
    def _answered(self) -> tuple[int, int]:
        of = self.of_conversation.items()
        return self._bought({one for one, asked in of if not any(question.is_unanswered for question in asked)})

    def _work(self, topic: str, is_gap: bool, turned: list[Row]) -> Row:
        """8.5 Where the work stands."""
        decision, like = self._decision(topic)
        at = decision["decided_at"] if decision else None
        is_closed = (
            not is_gap
            and bool(turned)
            and turned[-1]["is_covered"]
            and (len(turned) > 1)
            and (at is None or turned[-1]["changed_at"] > at)
        )
        if decision and decision["state"] == "dismissed":
            state: str | None = "dismissed"
        elif is_closed:
            state = "closed"
        elif decision:
            state = decision["state"]
        else:
            state = "open" if is_gap else None
        said = {name: decision.get(name) if decision else None for name in ("owner", "note")}
        return {"state": state, "decided_at": at, "like_topic_id": like, **said}

    def _decision(self, topic: str) -> tuple[Row | None, str | None]:
        """The decision that counts, and the dismissed topic that handed it on to one that was like it."""
        own: dict[str, Row] = {}
        handed: dict[str, tuple[Row | None, str | None]] = {}
        decisions = [(row["decided_at"], 0, row) for row in self.decided if row["decided_at"] <= self.as_of]
        changes = [(row["changed_at"], 1, row) for row in self.tables["knowledge_gap_topic_changes"]]
        for _, kind, row in sorted(decisions + changes, key=lambda one: one[:2]):
            if kind == 0:
                own[row["topic_id"]] = row
                continue
            counted = own.get(row["topic_id"]) or handed.get(row["topic_id"], (None,))[0]
            to = row["other_topic_id"]
            known = handed.get(to, (None, None))[0]
            if counted and to and (known is None or known["decided_at"] < counted["decided_at"]):
                handed[to] = counted, row["topic_id"] if row["change"] == "alike" else None
        return (own[topic], None) if topic in own else handed.get(topic, (None, None))

    def totals(self) -> Row:
        """`knowledge_gap_totals`, but for what waits to be grouped."""
        nowhere = sum(one.row["topic_id"] is None for one in self.asked)
        return {
            "question_count": len(self.asked),
            "unassigned_question_count": nowhere,
            "unassigned_share": nowhere / len(self.asked) if self.asked else None,
            "topic_count": len(self.of_topic),
            "gap_count": sum(row["is_gap"] for row in self.topics()),
        }

    def closures(self) -> list[Row]:
        """8.3 Each time that an article came to cover a topic that had been seen uncovered."""
        of: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(self.turns, key=lambda row: row["changed_at"]):
            of[row["topic_id"]].append(row)
        found = []
        for topic, turned in of.items():
            for place, row in enumerate(turned):
                if place == 0 or not row["is_covered"]:
                    continue
                since = turned[place - 1]["changed_at"] if place > 1 else None
                until = turned[place + 1]["changed_at"] if place + 1 < len(turned) else None
                found.append(self._closure(topic, row, since, until))
        return found

    def _closure(self, topic: str, row: Row, since: datetime | None, until: datetime | None) -> Row:
        at = row["changed_at"]
        first = {
            one: min(question.row["asked_at"] for question in asked) for one, asked in self.of_topic[topic].items()
        }
        before = [one for one, asked in first.items() if asked < at and (since is None or asked >= since)]
        after = [one for one, asked in first.items() if asked >= at and (until is None or asked < until)]
        gone = [sum(self.conversations[one]["status"] in HANDED_OFF for one in part) for part in (before, after)]
        is_both = before and after
        change, low, high = newcombe(gone[0], len(before), gone[1], len(after)) if is_both else (None, None, None)
        return {
            "topic_id": topic,
            "article_id": row["article_id"],
            "closed_at": at,
            "reopened_at": until,
            "conversations_before": len(before),
            "handed_off_before": gone[0],
            "handoff_rate_before": gone[0] / len(before) if before else None,
            "conversations_after": len(after),
            "handed_off_after": gone[1],
            "handoff_rate_after": gone[1] / len(after) if after else None,
            "handoff_rate_change": change,
            "change_low": low,
            "change_high": high,
        }


def differences(tables: Tables, turns: list[Row], decided: list[Row], as_of: datetime) -> str:
    """A readable account of what is published otherwise than chapter 8 says; empty if nothing is."""
    found = []
    for account_id in sorted(row["account_id"] for row in tables["accounts"]):
        own = only(tables, account_id)
        account = Account(own, rows_of(account_id, turns), rows_of(account_id, decided), as_of)
        found += [
            f"{account_id} {one.row['message_id']}: is_unanswered {one.row['is_unanswered']}, not {one.is_unanswered}"
            for one in account.asked
            if one.row["is_unanswered"] is not one.is_unanswered
        ]
        for table, expected, keys in (
            ("knowledge_gap_topics", account.topics(), ["topic_id"]),
            ("knowledge_gap_closures", account.closures(), ["topic_id", "closed_at"]),
            ("knowledge_gap_totals", [account.totals()], []),
        ):
            published = {tuple(row[key] for key in keys): row for row in own[table]}
            derived = {tuple(row[key] for key in keys): row for row in expected}
            found += [f"{account_id} {table}: {key} is not in both" for key in published.keys() ^ derived.keys()]
            found += [
                f"{account_id} {table} {key}: {name} {published[key][name]!r}, not {value!r}"
                for key in sorted(published.keys() & derived.keys())
                for name, value in derived[key].items()
                if not _is_same(value, published[key][name])
            ]
    return "\n".join(found)


def rows_of(account_id: str, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["account_id"] == account_id]


def turns_of(home: Home) -> list[Row]:
    """When topics were seen to be covered by their text, and not, as a home remembers it."""
    folder = max((one for one in (home.root / "topics").iterdir() if one.name.isdigit()), key=lambda one: int(one.name))
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        cursor = connection.execute(f"from '{folder}/topic_coverage.parquet'")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _is_same(expected: Any, published: Any) -> bool:
    if isinstance(expected, float) and published is not None:
        return isclose(expected, float(published), rel_tol=1e-6, abs_tol=1e-4)  # money has four places
    return bool(expected == published)


def ranked(topics: list[Row]) -> list[str]:
    """8.5, 8.6 The open gaps, those first of which most unanswered conversations are sure."""
    gaps = [row for row in topics if row["state"] in {"open", "assigned"}]
    gaps.sort(key=lambda row: (-row["conversation_count"] * row["unanswered_share_low"], row["topic_id"]))
    return [row["topic_id"] for row in gaps]


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    share, z = part / whole, Z * Z
    middle, half = share + z / (2 * whole), Z * sqrt(share * (1 - share) / whole + z / (4 * whole * whole))
    return max((middle - half) / (1 + z / whole), 0.0), min((middle + half) / (1 + z / whole), 1.0)


def newcombe(before: int, n: int, after: int, k: int) -> tuple[float, float, float]:
    """The change from one share to another, after − before, and its 95 % interval (Newcombe 1998, method 10)."""
    p, q = before / n, after / k
    (low_p, high_p), (low_q, high_q) = wilson(before, n), wilson(after, k)
    change = q - p
    return (
        change,
        change - sqrt((q - low_q) ** 2 + (high_p - p) ** 2),
        change + sqrt((high_q - q) ** 2 + (p - low_p) ** 2),
    )


def _is_agent(message: Row) -> bool:
    return bool(message["sender"] == "agent")


def _hear(asked: Asked, message: Row) -> None:
    names_articles = message["article_ids"] is not None
    is_fallback = message["text"] is not None and says_no_answer(message["text"])
    asked.fallbacks += is_fallback
    asked.answers += not is_fallback and (message["text"] is not None or names_articles)
    asked.is_supported |= names_articles


def _blame(asked: list[Asked], conversation: Row) -> None:
    """8.3 Which questions of a conversation went unanswered."""
    if not asked:
        return
    at, reason = conversation["handed_off_at"], conversation["escalation_reason"]
    before = [one.turn for one in asked if one.row["kind"] != "other" and (at is None or one.row["asked_at"] <= at)]
    is_handed_off = conversation["status"] in HANDED_OFF and reason in ("knowledge_gap", None)
    has_said = any(one.fallbacks for one in asked)
    is_over = conversation["status"] == "open" and conversation["closed_by"] is not None
    last = max(one.turn for one in asked)
    for one in asked:
        is_blamed = is_handed_off and not has_said and before and one.turn == max(before)
        is_last_word = is_over and one.turn == last and not one.has_reply
        if one.fallbacks or is_blamed or is_last_word:
            one.is_unanswered = True
        elif one.is_supported:
            one.is_unanswered = False
