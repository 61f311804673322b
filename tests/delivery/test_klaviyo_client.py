"""Klaviyo as a place to deliver to, over real HTTP: nothing is made twice, and one refusal stops no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.delivery.klaviyo import Klaviyo
from flows.delivery.klaviyo.endpoints import Group
from flows.delivery.klaviyo.members import NOT_KNOWN
from flows.ground.errors import AgentMetricsError, SourceRefused, SourceUnavailable
from flows.settings.deliveries import KlaviyoDelivery
from flows.sources.api import http
from tests.delivery.fake_klaviyo_lists import KEY, FakeKlaviyoLists
from tests.sources.fake_api import Answer, Asked

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are tried by themselves."""
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))


@pytest.fixture
def shop() -> Iterator[FakeKlaviyoLists]:
    with FakeKlaviyoLists() as shop:
        yield shop


def klaviyo(shop: FakeKlaviyoLists, **settings: Any) -> Klaviyo:
    given = KlaviyoDelivery(base_url=shop.url, **settings)
    return Klaviyo(given, {"KLAVIYO_DELIVERY_KEY": KEY}, lambda _: None)


def people(shop: FakeKlaviyoLists, count: int) -> list[str]:
    return [shop.profile(f"p{number}@example.com") for number in range(count)]


def test_a_check_asks_for_what_can_be_read_and_says_what_it_cannot_know(shop: FakeKlaviyoLists) -> None:
    said = klaviyo(shop).check()
    assert "lists, profiles and events can be read" in said
    assert "whether the key may write" in said
    shop.scopes -= {"events:read"}
    assert "answers, lists and profiles can be read" in klaviyo(shop).check()
    shop.scopes -= {"lists:read"}
    with pytest.raises(SourceRefused, match=r"lacks lists:read.*give the private key the scopes lists:read") as raised:
        klaviyo(shop).check()
    assert raised.value.status == 403
    assert {one.method for one in shop.asked} == {"GET"}


def test_lists_are_found_by_exactly_their_name(shop: FakeKlaviyoLists) -> None:
    name = 'Segment "a", b) \\ größer & more'
    made = [shop.a_list(name) for _ in range(23)]  # of which a page has ten
    shop.a_list(name.upper())
    found = klaviyo(shop).lists(name)
    assert sorted(one.id for one in found) == sorted(made)
    assert {one.name for one in found} == {name}
    assert all(NOW - timedelta(seconds=1) <= one.created for one in found)


def test_a_list_whose_making_is_not_answered_is_not_made_twice(shop: FakeKlaviyoLists) -> None:
    """A try after a lost answer made a second list of the same name, which nobody kept up."""
    shop.lost["POST lists"] = 1
    with pytest.raises(SourceUnavailable) as raised:
        klaviyo(shop).create_list("New")
    assert raised.value.is_transient
    (found,) = klaviyo(shop).lists("New")
    assert shop.calls["POST lists"] == 1
    assert klaviyo(shop).create_list("Other") != found.id
    assert {name: len(lists) for name, lists in shop.told()["lists"].items()} == {"New": 1, "Other": 1}


@pytest.mark.parametrize(
    "answer", [Answer(201, b"<html>"), Answer(201, None), Answer(201, {"data": {}}), Answer(503, b"busy")]
)
def test_a_list_is_not_made_twice_after_an_answer_that_says_nothing(
    shop: FakeKlaviyoLists, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(shop, "answer", lambda asked: answer)
    with pytest.raises(SourceUnavailable) as raised:
        klaviyo(shop).create_list("New")
    assert raised.value.is_transient
    assert len(shop.asked) == 1


def test_the_daily_limit_of_lists_can_pass_by_and_stops_nothing_else(shop: FakeKlaviyoLists) -> None:
    shop.new_lists_a_day = 1
    ask = klaviyo(shop)
    ask.create_list("One")
    for _ in range(2):
        with pytest.raises(SourceUnavailable) as raised:
            ask.create_list("Two")
        assert raised.value.is_transient
    assert shop.calls["POST lists"] == 2  # who is told to wait for hours does not ask again
    assert len(ask.lists("One")) == 1


def test_members_are_read_page_by_page_and_since_an_instant(shop: FakeKlaviyoLists) -> None:
    number = shop.a_list("One")
    everybody = people(shop, 230)
    for place, one in enumerate(everybody):
        shop.members[number][one] = NOW + timedelta(seconds=place)
    ask = klaviyo(shop)
    assert [len(page) for page in ask.joined(number, None)] == [100, 100, 30]
    since = NOW + timedelta(seconds=200, microseconds=400_000)
    assert [one for page in ask.joined(number, since) for one in page] == everybody[200:]
    with pytest.raises(SourceRefused, match="does not exist") as raised:
        list(ask.joined("gone", None))
    assert raised.value.status == 404


def test_a_thousand_go_in_one_call_and_whoever_is_in_or_out_already_is_no_fault(shop: FakeKlaviyoLists) -> None:
    number, everybody = shop.a_list("One"), people(shop, 1_500)
    ask = klaviyo(shop)
    assert ask.add(number, everybody) == {}
    assert shop.calls["POST relationships"] == 2
    assert ask.add(number, [*everybody[:2], everybody[0]]) == {}
    assert shop.told()["lists"] == {"One": [everybody]}
    assert ask.remove(number, everybody[:1_400]) == {}
    assert ask.remove(number, everybody[:3]) == {}
    assert shop.told()["lists"] == {"One": [everybody[1_400:]]}
    asked = len(shop.asked)
    assert ask.add(number, []) == ask.remove(number, []) == {}
    assert len(shop.asked) == asked


@pytest.mark.parametrize("points", [True, False])
@pytest.mark.parametrize("does", ["add", "remove"])
def test_a_profile_that_is_gone_is_told_and_the_others_go_through(
    shop: FakeKlaviyoLists, does: str, points: bool
) -> None:
    """One profile that had been merged into another kept a thousand out of their list."""
    shop.points = points
    everybody = people(shop, 900)
    number = shop.a_list("One", *(everybody if does == "remove" else ()))
    shop.merge(everybody[5], everybody[6])
    gone = {everybody[5], "never", "was"}
    refused = getattr(klaviyo(shop), does)(number, [*everybody, "never", "was"])
    assert refused.keys() == gone
    assert set(refused.values()) == {"Profile … does not exist." if points else NOT_KNOWN}  # one reason for all
    there = [one for one in everybody if one not in gone]
    assert shop.told()["lists"] == {"One": [there if does == "add" else []]}
    assert len(shop.asked) < 20


@pytest.mark.parametrize("points", [True, False])
def test_whoever_is_refused_for_another_reason_is_found_by_halves(shop: FakeKlaviyoLists, points: bool) -> None:
    shop.points = points
    number, everybody = shop.a_list("One"), people(shop, 300)
    shop.odd = {everybody[0], everybody[150], everybody[151], everybody[299]}
    refused = klaviyo(shop).add(number, everybody)
    assert refused.keys() == shop.odd
    assert shop.told()["lists"] == {"One": [[one for one in everybody if one not in shop.odd]]}
    assert shop.calls["POST relationships"] < 80


@pytest.mark.parametrize("points", [True, False])
def test_a_conflict_says_that_somebody_is_in_already(shop: FakeKlaviyoLists, points: bool) -> None:
    shop.conflicts, shop.points = True, points
    everybody = people(shop, 40)
    number = shop.a_list("One", *everybody[10:20])
    assert klaviyo(shop).add(number, [*everybody, "gone"]).keys() == {"gone"}
    assert shop.told()["lists"] == {"One": [everybody]}


def test_a_refusal_that_is_about_nobody_in_particular_is_not_narrowed(
    shop: FakeKlaviyoLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that somebody had deleted cost two thousand calls, and told each member to be at fault."""
    everybody = people(shop, 500)
    ask = klaviyo(shop)
    with pytest.raises(SourceRefused, match=r"list with id gone/\.\./x does not exist"):
        ask.add("gone/../x", everybody)
    assert len(shop.asked) <= 3
    shop.scopes -= {"profiles:write"}
    with pytest.raises(SourceRefused, match="lacks profiles:write"):
        ask.add(shop.a_list("One"), everybody)
    assert len(shop.asked) <= 4
    shop.scopes |= {"profiles:write"}
    shop.odd = set(everybody)
    with pytest.raises(SourceRefused, match="cannot be changed"):
        ask.add(shop.a_list("Two"), everybody)
    assert len(shop.asked) < 150


def test_what_was_done_though_the_answer_was_lost_is_done_once(shop: FakeKlaviyoLists) -> None:
    number, everybody = shop.a_list("One"), people(shop, 3)
    shop.lost.update({"POST relationships": 1, "DELETE relationships": 1, "POST profile-import": 1})
    shop.throttled.update({"POST relationships": 1, "GET profiles": 1})
    ask = klaviyo(shop)
    assert ask.add(number, everybody) == {}
    assert ask.remove(number, everybody[:1]) == {}
    assert ask.created("new@example.com", None) == ask.ids_of(["new@example.com"], [])[0]["new@example.com"]
    assert shop.told()["lists"] == {"One": [everybody[1:]]}
    assert len(shop.profiles) == 4


def test_an_api_that_does_not_answer_can_be_asked_again(
    shop: FakeKlaviyoLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 2)
    number = shop.a_list("One")
    shop.throttled["POST relationships"] = 2
    with pytest.raises(SourceUnavailable, match="answers 429 in spite of 2 tries") as raised:
        klaviyo(shop).add(number, people(shop, 1))
    assert raised.value.is_transient
    nowhere = KlaviyoDelivery(base_url="http://127.0.0.1:1")
    with pytest.raises(SourceUnavailable, match="does not answer") as raised:
        Klaviyo(nowhere, {"KLAVIYO_DELIVERY_KEY": KEY}, lambda _: None).lists("One")
    assert raised.value.is_transient


@pytest.mark.parametrize("keeps_case", [True, False])
def test_profiles_are_found_by_email_and_phone_however_they_are_spelled(
    shop: FakeKlaviyoLists, keeps_case: bool
) -> None:
    shop.keeps_case = keeps_case
    ann = shop.profile("Ann@Example.com" if keeps_case else "ann@example.com", "+4930123456")
    odd = shop.profile('"a,b]\\"+ü&c@example.com')
    bob = shop.profile(None, "+4930999999")
    emails, phones = klaviyo(shop).ids_of(
        ["Ann@Example.com", '"a,b]\\"+ü&c@example.com', "nobody@example.com", "no email", "half \ud800@example.com"],
        ["+49 (30) 12-34.56", "004930999999", "030 999999", "+4930123456"],
    )
    assert emails == {"Ann@Example.com": ann, '"a,b]\\"+ü&c@example.com': odd}
    assert phones == {"+49 (30) 12-34.56": ann, "004930999999": bob, "+4930123456": ann}


def test_many_profiles_are_found_in_calls_that_are_not_too_long(shop: FakeKlaviyoLists) -> None:
    emails = [f"{'long' * 30}{number}@example.com" for number in range(150)]
    numbers = {email: shop.profile(email) for email in emails}
    assert klaviyo(shop).ids_of(emails, []) == (numbers, {})
    assert len(shop.asked) < 6
    assert all(len(one.params["filter"]) < 7_000 for one in shop.asked)
    assert klaviyo(shop).ids_of([], []) == ({}, {})


def test_an_address_that_klaviyo_does_not_take_hides_no_other(
    shop: FakeKlaviyoLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One wrong address of a hundred refused the whole question."""
    everybody = {f"p{number}@example.com": shop.profile(f"p{number}@example.com") for number in range(50)}
    answer = shop.answer

    def strict(asked: Asked) -> Answer:
        if "p7@" in asked.params.get("filter", ""):
            return Answer(400, {"errors": [{"detail": "p7@example.com is not an email"}]})
        return answer(asked)

    monkeypatch.setattr(shop, "answer", strict)
    found, _ = klaviyo(shop).ids_of(list(everybody), [])
    assert found == {email: number for email, number in everybody.items() if email != "p7@example.com"}
    monkeypatch.setattr(shop, "answer", lambda asked: Answer(400, {"errors": [{"detail": "no such filter"}]}))
    asked = len(shop.asked)
    with pytest.raises(SourceRefused, match="no such filter"):
        klaviyo(shop).ids_of(list(everybody), [])
    assert len(shop.asked) == asked + 2


def test_a_profile_is_made_of_what_klaviyo_takes(shop: FakeKlaviyoLists) -> None:
    ask = klaviyo(shop)
    ann = ask.created("ann@example.com", "+49 30 123456")
    assert shop.profiles[ann]["email"] == "ann@example.com"
    assert shop.profiles[ann]["phone_number"] == "+4930123456"
    local = ask.created("bob@example.com", "030 99")
    assert (shop.profiles[local]["email"], shop.profiles[local]["phone_number"]) == ("bob@example.com", None)
    assert ask.created("bob@example.com", "+4930123456") == local  # two people: the email says who it is
    assert ask.created(None, "+4930777777") not in {ann, local}
    for email, phone in ((None, None), ("", ""), ("no email", None), (None, "030 99")):
        with pytest.raises(SourceRefused) as raised:
            ask.created(email, phone)
        assert "no email" not in str(raised.value)
        assert "03099" not in str(raised.value)
    assert len(shop.profiles) == 3


def test_who_was_put_in_or_out_by_hand_is_seen(shop: FakeKlaviyoLists) -> None:
    everybody = people(shop, 4)
    number = shop.a_list("One", *everybody[:3])
    del shop.members[number][everybody[0]]
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    shop.members[number][everybody[3]] = later
    shop.merge(everybody[1], everybody[3])
    ask = klaviyo(shop)
    assert [one for page in ask.joined(number, None) for one in page] == [everybody[2], everybody[3]]
    assert [one for page in ask.joined(number, later) for one in page] == [everybody[3]]


def test_calls_keep_within_the_limits_of_each_family() -> None:
    limits = {group.name: group.value[1:] for group in Group}
    assert limits == {
        "LISTS": ((75, 1.0), (700, 60.0)),
        "NEW_LISTS": ((10, 1.0), (150, 60.0), (150, 86_400.0)),
        "MEMBERS": ((10, 1.0), (150, 60.0)),
        "PROFILES": ((75, 1.0), (700, 60.0)),
        "NEW_PROFILES": ((75, 1.0), (700, 60.0)),
        "EVENTS": ((350, 1.0), (3500, 60.0)),
    }


class Repeating(FakeKlaviyoLists):
    """A proxy that puts the request into its errors."""

    def answer(self, asked: Asked) -> Answer:
        said = f"{dict(asked.headers)} {asked.path} {dict(asked.params)} {asked.body.decode()}"
        return Answer(400, {"errors": [{"detail": said, "source": {"pointer": "/data/0/id"}}]})


def test_keys_are_in_no_error_whatever_a_server_repeats() -> None:
    with Repeating() as shop:
        ask = klaviyo(shop)
        calls = (
            ask.check,
            lambda: ask.lists("One"),
            lambda: ask.create_list("One"),
            lambda: list(ask.joined("1", None)),
            lambda: ask.ids_of(["a@example.com"], []),
            lambda: ask.created("a@example.com", None),
        )
        for call in calls:
            with pytest.raises(AgentMetricsError) as raised:
                call()
            assert KEY not in f"{raised.value} {getattr(raised.value, 'answer', '')!r}"
        assert KEY not in str(ask.add("1", ["a", "b"]))
        assert KEY not in str(ask.remove("1", ["a", "b"]))
