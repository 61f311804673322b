"""Segments as they are published: a marketer could not tell who is in one, why, and who came and went."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from flows.ground.errors import InputError
from flows.published.segment_csv import export_segment
from flows.published.segment_details import segment_details
from flows.published.segment_explained import ExplainedSegment, explain
from flows.published.segment_moves import overlap, segment_diff
from flows.published.segments import find_segment, segments
from flows.warehouses.reader import Reader
from tests.audiences.shop import days_ago, segmented_shop
from tests.published.conftest import Read
from tests.published.shop import Shop

KEY = "escalated_7_days"


@pytest.fixture(scope="module")
def reader(read: Read) -> Reader:
    return read(segmented_shop())


@pytest.fixture(scope="module")
def limited(read_limited: Read) -> Reader:
    return read_limited(segmented_shop())


def test_each_segment_has_its_members_whom_it_reaches_and_who_came_and_went(reader: Reader) -> None:
    found = {(one.account, one.segment): one for one in segments(reader).segments}
    assert list(found) == [
        ("other", KEY),
        ("shop", "chosen"),
        ("shop", KEY),
        ("shop", "recommended_not_bought"),
    ]
    one = found["shop", KEY].to_json_dict()
    del one["name"], one["description"]
    assert one == {
        "account": "shop",
        "segment": KEY,
        "member_count": 2,
        "reachable_by_email": 1,
        "reachable_by_sms": 1,
        "reachable_by_whatsapp": None,  # of the member who has a phone no source says it
        "held_back": 1,
        "anonymous_count": 2,
        "entered_last_7_days": 2,
        "left_last_7_days": 2,
        "first_built_at": None,
        "never_came": (),
    }
    other, chosen = found["other", KEY], found["shop", "chosen"]
    assert (other.member_count, other.reachable_by_sms, other.left_last_7_days) == (1, None, 0)
    assert (chosen.reachable_by_email, chosen.reachable_by_sms) == (1, 0)
    assert other.never_came == ("Conversation with Customer Agent escalated",)
    assert [one.account for one in segments(reader, "other").segments] == ["other"]


def test_a_segment_tells_why_members_cannot_be_reached(reader: Reader) -> None:
    found = segment_details(reader, KEY, "shop", 20)
    assert found.reach["email"] == {"reachable": 1, "no_address": 0, "not_allowed": 0, "not_known": 1}
    assert found.reach["sms"] == {"reachable": 1, "no_address": 0, "not_allowed": 1, "not_known": 0}
    assert found.reach["whatsapp"] == {"reachable": 0, "no_address": 1, "not_allowed": 0, "not_known": 1}
    assert found.held_back == {"open_handoff": 0, "open_ticket": 1}
    assert [(one.profile_id, one.change) for one in found.changes][:2] == [("old", "left"), ("ana", "entered")]
    assert [one.to_json_dict()["entered_at"] for one in found.members] == ["2026-06-05T12:00:00Z", None]
    assert found.members[0].name == "Ana Müller"
    assert [one.profile_id for one in segment_details(reader, KEY, None, 1).members] == ["ana"]


def test_who_went_and_came_back_neither_entered_nor_left(reader: Reader) -> None:
    found = segment_diff(reader, KEY, "shop").to_json_dict()
    assert [one["profile_id"] for one in found["entered"]] == ["ana"]
    assert [one["profile_id"] for one in found["left"]] == ["old"]
    assert found["back_and_forth"] == 1
    earlier = segment_diff(reader, KEY, since=days_ago(9))
    assert [one.profile_id for one in earlier.departed] == ["old", "new"]
    assert (earlier.is_whole, segment_diff(reader, KEY, since=days_ago(91)).is_whole) == (True, False)
    between = segment_diff(reader, KEY, since=days_ago(6.25))  # cmd was out then
    assert [one.profile_id for one in between.entered] == ["ana", "cmd"]


def test_a_diff_may_begin_with_a_publication(reader: Reader) -> None:
    ((newest,),) = reader.rows("select publication_id from metrics.publications")
    found = segment_diff(reader, KEY, publication=newest)
    assert (found.since, found.entered, found.departed) == (days_ago(0), (), ())
    with pytest.raises(InputError, match="there is no publication 'x'"):
        segment_diff(reader, KEY, publication="x")


def test_pairs_of_segments_share_members_of_the_same_account(reader: Reader) -> None:
    found = overlap(reader).pairs
    assert [(one.segment, one.other, one.shared) for one in found] == [
        (KEY, "recommended_not_bought", 2),
        ("chosen", KEY, 0),
        ("chosen", "recommended_not_bought", 0),
    ]
    assert (found[0].share, found[0].other_share) == (2 / 3, 1.0)
    assert [one.shared for one in overlap(reader, ["chosen", KEY]).pairs] == [0]
    assert overlap(reader, account="other").pairs == ()
    with pytest.raises(InputError, match="one segment overlaps with nothing"):
        overlap(reader, [KEY])


def told(reader: Reader, profile: str, account: str | None = "shop") -> dict[str, ExplainedSegment]:
    return {one.segment.segment: one for one in explain(reader, profile, account).segments}


@pytest.mark.parametrize("profile", ["ana", "cmd", "old", "new"])
def test_conditions_hold_for_members_and_for_nobody_else(reader: Reader, profile: str) -> None:
    for key, one in told(reader, profile).items():
        meets = [any(condition.holds for condition in group) for group in one.groups]
        assert all(meets) == one.is_in, key


def test_events_speak_for_a_condition_and_against_it(reader: Reader) -> None:
    ana = told(reader, "ana")
    (event,) = ana[KEY].groups[0][0].events
    assert (event.counted, event.of_all, event.last_at) == (2, 2, days_ago(2))
    assert (ana[KEY].entered_at, ana[KEY].suppressed_by) == (days_ago(2), "open_ticket")
    old = told(reader, "old")
    (event,) = old[KEY].groups[0][0].events
    assert (old[KEY].is_in, old[KEY].left_at, event.counted, event.of_all) == (False, days_ago(1), 0, 1)
    recommended, ordered = old["recommended_not_bought"].groups[0][0].events
    assert (recommended.counted, ordered.counted, ordered.of_all) == (1, 1, 2)  # the other order came before
    address, bought = old["chosen"].groups[0]
    assert (address.holds, address.value) == (True, "old@vip.example")
    assert (bought.holds, bought.events[0].total) == (True, 110.5)


def test_consent_of_who_is_in_no_segment_is_not_told(reader: Reader) -> None:
    consent = told(reader, "new")["chosen"].groups[1][0]
    assert (consent.holds, consent.why) == (None, "as the build found it; consent is published of members only")
    assert told(reader, "cmd")["chosen"].groups[1][0].holds is False


def test_a_shopper_is_found_by_the_address_too(reader: Reader) -> None:
    assert explain(reader, "ana@MAIL.example").profile_id == "ana"
    with pytest.raises(InputError, match="several accounts have a profile 'ana': other, shop"):
        explain(reader, "ana")
    with pytest.raises(InputError, match="there is no profile 'nobody'"):
        explain(reader, "nobody")


@pytest.mark.parametrize("phone", ["+5511900000001", "+55 (11) 90000-0001", "+55.11.900000001"])
def test_a_shopper_is_found_by_the_phone_too(reader: Reader, limited: Reader, phone: str) -> None:
    """As rule 4.2 compares phones; who may not see them finds nobody by them."""
    assert explain(reader, phone).profile_id == "ana"
    with pytest.raises(InputError, match="there is no profile"):
        explain(reader, phone.replace("1", "2"))
    with pytest.raises(InputError, match="there is no profile"):
        explain(limited, phone)


def test_who_came_and_went_has_a_name(reader: Reader, limited: Reader) -> None:
    found = segment_diff(reader, KEY, "shop")
    assert [one.name for one in found.entered] == ["Ana Müller"]
    assert segment_details(reader, KEY, "shop", 20).changes[1].name == "Ana Müller"
    found = segment_diff(limited, KEY, "shop")
    assert ([one.name for one in found.entered], found.withheld) == ([None], ("email", "phone", "name"))


def test_an_unknown_key_names_one_near_it(reader: Reader) -> None:
    with pytest.raises(InputError, match=r"there is no segment 'escalated_7_day'; did you mean escalated_7_days\?"):
        find_segment(reader, "escalated_7_day")
    with pytest.raises(InputError, match="there are: chosen, escalated_7_days, recommended_not_bought"):
        find_segment(reader, "zzz")
    with pytest.raises(InputError, match="there is no account 'nowhere'"):
        find_segment(reader, KEY, "nowhere")


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_a_file_has_no_formula_and_nobody_who_waits_for_a_person(reader: Reader, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    done = export_segment(reader, KEY, file, "shop", with_held_back=False, force=False)
    assert (done.rows, done.held_back, done.withheld) == (1, 1, ())
    (row,) = rows_of(file)
    assert row == {
        "profile_id": "cmd",
        "email": "cmd@mail.example",
        "phone": "'=1+1",
        "name": "'=cmd()",
        "entered_at": "",
        "email_reach": "not_known",
        "sms_reach": "reachable",
        "whatsapp_reach": "no_address",
        "suppressed_by": "",
    }
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(InputError, match="is there already"):
        export_segment(reader, KEY, file, "shop", with_held_back=True, force=False)
    assert len(file.read_text("utf-8").splitlines()) == 2
    export_segment(reader, KEY, file, "shop", with_held_back=True, force=True)
    first, _ = rows_of(file)
    contact = (first["profile_id"], first["phone"], first["entered_at"], first["suppressed_by"])
    assert contact == ("ana", "+5511900000001", "2026-06-05T09:00:00-03:00", "open_ticket")
    assert [one.name for one in tmp_path.iterdir()] == ["members.csv"]
    with pytest.raises(InputError, match="several accounts have a segment 'escalated_7_days': other, shop"):
        export_segment(reader, KEY, file, with_held_back=True, force=True)


def test_a_limited_reader_sees_no_addresses_and_no_condition_on_them(limited: Reader, tmp_path: Path) -> None:
    found = segment_details(limited, KEY, "shop", 20)
    assert found.withheld == ("email", "phone", "name")
    assert {(one.email, one.phone, one.name) for one in found.members} == {(None, None, None)}
    address, bought = told(limited, "old")["chosen"].groups[0]
    assert (address.holds, address.value, address.why) == (None, None, "withheld")
    assert bought.holds is True
    assert told(limited, "ana")[KEY].groups[0][0].holds is True
    file = tmp_path / "members.csv"
    assert export_segment(limited, KEY, file, "shop", with_held_back=True, force=False).rows == 2
    header = "profile_id,entered_at,email_reach,sms_reach,whatsapp_reach,suppressed_by"
    assert file.read_text("utf-8").splitlines()[0] == header
    with pytest.raises(InputError, match="there is no profile"):
        explain(limited, "ana@mail.example")


def test_a_definition_that_this_version_does_not_know_is_said_so(read: Read) -> None:
    shop = segmented_shop()
    shop.segment("later", {"condition_groups": [{"conditions": [{"type": "profile-from-tomorrow"}]}]})
    shop.segment("none", None)
    reader = read(shop)
    assert told(reader, "ana")["later"].groups == ()
    assert segment_details(reader, "later", None, 1).to_json_dict()["rule"] == []
    assert segment_details(reader, "none", None, 1).to_json_dict()["definition"] is None


def test_a_shop_without_segments_has_none(read: Read) -> None:
    reader = read(Shop())
    assert segments(reader).segments == ()
    assert overlap(reader).pairs == ()
    with pytest.raises(InputError, match="there are none yet"):
        find_segment(reader, KEY)
