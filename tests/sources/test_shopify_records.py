"""Shopify's records: nothing is asked for that is not read, and shapes that nobody expected are refused alone."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.api import Record
from flows.sources.shopify import answers, queries, records
from flows.sources.shopify import client as shopify
from flows.sources.shopify.queries import Queries
from tests.sources.fake_api import Answer
from tests.sources.fake_graphql import Asked, nodes, parse
from tests.sources.fake_shopify import FakeShopify
from tests.sources.fake_shopify_schema import SCHEMA, journey, line, money, visit
from tests.sources.pulled import current, pulled
from tests.sources.test_shopify import APP, client

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
CHAT: dict[str, Any] = {"conversation_parameter": "chat", "cart_attribute": "_chat"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shopify, "POLLS", (0.01, 0.05))


def fields(of: str, asked: list[Asked]) -> Iterator[tuple[str, str]]:
    """What a selection asks for, as types with their fields; those of connections are their own affair."""
    for one in asked:
        if one.on is not None:
            yield from fields(one.on, one.of)
            continue
        yield of, one.name
        kind = SCHEMA[of][one.name]
        yield from fields(kind.strip("[]*"), nodes(one) if kind.endswith("*") else one.of)


def test_all_that_is_asked_for_is_read_and_nothing_else_is() -> None:
    everything = Queries(has_visits=True, has_attributes=True)
    whole = ("query", "mutation")
    texts = [text for name, text in vars(queries).items() if name[0].isupper() and str(text).startswith(whole)]
    texts += [*everything.changed.values(), everything.lines_of, everything.check_rows]
    texts += [everything.bulk(kind, NOON) for kind in ("orders", "products")]
    asked = defaultdict[str, set[str]](set)
    for text in texts:
        kind, selection = parse(text, {})
        for of, name in fields("Mutation" if kind == "mutation" else "Query", selection):
            asked[of].add(name)
    roots = asked.pop("Query") | asked.pop("Mutation")
    models = {**vars(records), **vars(answers)}
    read = {of: models[of].model_fields.keys() for of in asked}
    assert {of: names ^ read[of] for of, names in asked.items() if names ^ read[of]} == {}
    whole_ones = (answers.OrderPage, answers.ProductPage, answers.Nodes, answers.ProductOf, answers.Started)
    known = [name for model in (*whole_ones, answers.State, answers.Check) for name in by_alias(model)]
    assert sorted(known) == sorted(roots)


def by_alias(model: type[Record]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def test_every_model_is_of_a_type_or_of_an_answer() -> None:
    """A model that nothing reads would keep the comparison quiet."""
    found = inspect.getmembers(records, inspect.isclass) + inspect.getmembers(answers, inspect.isclass)
    models = {name for name, one in found if issubclass(one, Record)}
    envelopes = {"Connection", "PageInfo", "Edge", "Thing", "Changed", "Stamped", "OrderPage", "ProductPage", "Nodes"}
    envelopes |= {"ProductOf", "Started", "State", "Check", "CheckRows", "AccessToken", "Answer", "Error", "Problem"}
    envelopes |= {"Extensions", "Cost", "ThrottleStatus", "Record"}
    assert models - envelopes <= SCHEMA.keys()


@pytest.mark.parametrize("bulk", [True, False])
def test_what_shopify_answers_is_expected_whole(lake: Lake, bulk: bool) -> None:
    with FakeShopify() as shop:
        shop.product(1, NOON)
        sold = line(11, product=1, quantity=2, total="5.0", discounts=("1.0",), attributes={"_chat": "c1"})
        landed = visit(1, NOON, "https://shop.example/products/product-1?chat=c1", source="assistant")
        shop.order(1, NOON, lineItems=[sold], customerJourneySummary=journey(landed))
        shop.refund(1, 11, "2.0")
        pull = client(shop, bulk=bulk, **CHAT, **APP)
        pull.check()
        summary = pulled("shopify", pull, lake)
    assert (summary.unknown_fields, summary.refused) == ({}, {})
    assert set(current(lake, "interactions")) == {"shopify-visit-1", "shopify-line-11"}
    assert current(lake, "order_lines")["11"]["refunded_amount"] == Decimal("2.0")


@pytest.mark.parametrize("bulk", [True, False])
def test_names_that_nobody_asked_for_are_told_and_not_kept(
    lake: Lake, bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeShopify() as shop:
        shop.product(1, NOON)
        shop.order(1, NOON, lineItems=[line(11, product=1, quantity=2, total="5.0")])
        shop.refund(1, 11, "2.0")
        change(monkeypatch, shop, lambda kind, answered: {"mood": "Ann is cross"} if kind in NAMED else {})
        summary = pulled("shopify", client(shop, bulk=bulk), lake)
        again = pulled("shopify", client(shop, bulk=bulk), lake)
    assert summary.unknown_fields.keys() == {f"{name}.mood" for name in NAMED}
    assert again.unknown_fields == {}
    assert "Ann" not in payloads(lake)


def payloads(lake: Lake) -> str:
    """All that is kept of records, of refused ones too."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT _payload FROM read_parquet($1, union_by_name = true)", [[lake.path(one) for one in lake.files()]]
        )
        return "".join(str(payload) for (payload,) in found.fetchall())


NAMED = ("Order", "LineItem", "Product", "Refund", "RefundLineItem", "MoneyBag", "MoneyV2")
ODD: list[Any] = ["a record", ["a", "record"], None, 7, {}, {"id": None}, {"id": {"id": 1}}, {"id": "Order/1"}]


def change(
    monkeypatch: pytest.MonkeyPatch, shop: FakeShopify, made: Callable[[str, dict[str, Any]], dict[str, Any]]
) -> None:
    """Let what a shop answers of a type have other fields."""
    shown = shop._object

    def answer(asked: Any, kind: str, record: Any) -> Any:
        answered = shown(asked, kind, record)
        return answered | made(kind, answered)

    monkeypatch.setattr(shop, "_object", answer)
    monkeypatch.setattr(shop.bulk, "_shown", answer)


@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize(("kind", "table"), [("Order", "orders"), ("Product", "products")])
def test_records_of_another_shape_are_refused_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, kind: str, table: str, bulk: bool
) -> None:
    """Also where a page has no others: a shop of which no record said a time was never read at all."""
    with FakeShopify() as shop:
        for number in range(2, 2 + len(ODD)):
            shop.order(number, NOON, lineItems=[])
            shop.product(number, NOON)
        replace(monkeypatch, shop, kind, {str(number): odd for number, odd in enumerate(ODD, 2)})
        first = pulled("shopify", client(shop, bulk=bulk), lake)
        shop.order(1, shop.now(), lineItems=[])
        shop.product(1, shop.now())
        second = pulled("shopify", client(shop, bulk=bulk), lake)
    assert (first.refused, second.refused.get(table, 0)) == ({table: len(ODD)}, 0)  # they are no news then
    assert set(current(lake, table)) == {"1"}


def replace(monkeypatch: pytest.MonkeyPatch, shop: FakeShopify, kind: str, odd: dict[str, Any]) -> None:
    """Let a shop answer other things in place of records, by their numbers, in pages and in files."""
    shown = shop._object

    def answer(asked: Any, of: str, record: Any) -> Any:
        answered = shown(asked, of, record)
        number = str(answered.get("id")).rpartition("/")[2]
        return odd[number] if of == kind and number in odd else answered

    monkeypatch.setattr(shop, "_object", answer)
    monkeypatch.setattr(shop.bulk, "_shown", answer)


def replace_nodes(monkeypatch: pytest.MonkeyPatch, shop: FakeShopify, kind: str, odd: Any) -> None:
    """Let a shop that is asked for things by their ids answer others, or things with other fields."""
    root = shop._root

    def answer(one: Asked) -> Any:
        found = root(one)
        if one.name != "nodes" or one.of[0].on != kind:
            return found
        return [node | odd if isinstance(odd, dict) else odd for node in found]

    monkeypatch.setattr(shop, "_root", answer)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"updatedAt": "soon"}, "updatedAt 'soon' is not a time"),
        ({"email": ["a@example.com"]}, "email \"['a@example.com']\" is not a text"),
        ({"test": "perhaps"}, "test 'perhaps': Input should be a valid boolean"),
        ({"totalTipReceivedSet": "much"}, "totalTipReceivedSet 'much' is not an object"),
        ({"totalTipReceivedSet": money("1.0") | {"shopMoney": {"amount": "one"}}}, "shopMoney.amount 'one' is not a"),
        ({"lineItems": {"count": 2}}, "it has no lineItems.nodes"),
        ({"lineItems": {"nodes": [], "pageInfo": {"hasNextPage": True}}}, "says that there is more, and not where"),
        ({"refunds": "many"}, "refunds.0 'many' is not an object"),
        ({"refunds": [{"id": "gid://shopify/Refund/77"}]}, ""),  # it is not there any more
    ],
)
def test_a_part_that_an_order_cannot_do_without_refuses_it_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, part: dict[str, Any], reason: str
) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON)
        of_ann = line(21, product=1, quantity=4, total="20.0", attributes={"Engraving": "for Ann"})
        shop.order(2, LATER, lineItems=[of_ann])
        change(monkeypatch, shop, lambda kind, answered: part if is_second(kind, answered) else {})
        summary = pulled("shopify", client(shop, **CHAT), lake)
    assert (reason in "".join(summary.refusals), len(summary.refusals)) == (True, bool(reason))
    assert set(current(lake, "orders")) == ({"1"} if reason else {"1", "2"})
    assert "Ann" not in payloads(lake)


def is_second(kind: str, answered: dict[str, Any]) -> bool:
    return kind == "Order" and answered.get("id") == "gid://shopify/Order/2" and "name" in answered


def test_an_order_counts_without_what_it_can_do_without(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"taxesIncluded": "perhaps", "totalRefundedSet": [1], "customerJourneySummary": "long"}
    with FakeShopify() as shop:
        shop.order(1, NOON, displayFinancialStatus="WRAPPED")
        change(monkeypatch, shop, lambda kind, answered: odd if "name" in answered and kind == "Order" else {})
        summary = pulled("shopify", client(shop, **CHAT), lake)
    assert (summary.refused, set(current(lake, "order_lines"))) == ({}, {"11", "12"})
    assert summary.unknown_fields == {f"Order.{name} = ?": 1 for name in sorted(odd)}


def test_numbers_may_be_texts_and_lists_may_be_one_object(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quantity as text was taken for none: the line cost as much by the piece as in all."""
    with FakeShopify() as shop:
        sold: dict[str, Any] = line(11, product=1, quantity=4, total="20.0")
        sold |= {"quantity": "4", "currentQuantity": "3"}
        shop.order(1, NOON, lineItems=[sold])
        only = {"discountAllocations": {"allocatedAmountSet": {"shopMoney": {"amount": 2}}}}
        change(monkeypatch, shop, lambda kind, answered: only if kind == "LineItem" and "sku" in answered else {})
        summary = pulled("shopify", client(shop), lake)
    assert (summary.refused, summary.unknown_fields) == ({}, {})
    row = current(lake, "order_lines")["11"]
    assert (row["quantity"], row["unit_price"], row["discount"], row["refunded_amount"]) == (4, 5, 2, Decimal("4.5"))


@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize(
    "odd",
    [
        {"id": None},
        {"quantity": "four"},
        {"quantity": 1.5},
        {"product": "a shirt"},
        {"originalTotalSet": "twenty"},
        {"discountAllocations": [{"allocatedAmountSet": {"shopMoney": {"amount": "two"}}}]},
    ],
)
def test_a_line_of_another_shape_is_refused_alone_and_without_what_shoppers_write(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, odd: dict[str, Any], bulk: bool
) -> None:
    """One that has an id is a line of its order all the same: the versions of it that came before go on to count."""
    with FakeShopify() as shop:
        of_ann = line(11, product=1, quantity=4, total="20.0", attributes={"Engraving": "for Ann"})
        shop.order(1, NOON, lineItems=[of_ann, line(12, product=1, quantity=4, total="20.0")])
        of_first = {"gid://shopify/LineItem/11": odd}
        change(monkeypatch, shop, lambda kind, answered: of_first.get(str(answered.get("id")), {}))
        summary = pulled("shopify", client(shop, bulk=bulk, **CHAT), lake)
    assert (summary.refused, set(current(lake, "order_lines"))) == ({"order_lines": 1}, {"12"})
    assert current(lake, "orders")["1"]["order_line_ids"] == (["12"] if "id" in odd else ["11", "12"])
    assert "Ann" not in payloads(lake)


@pytest.mark.parametrize("odd", ["a line", ["a", "line"], None, 7])
def test_what_is_no_line_is_refused_alone(lake: Lake, monkeypatch: pytest.MonkeyPatch, odd: Any) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON)
        replace(monkeypatch, shop, "LineItem", {"11": odd})
        summary = pulled("shopify", client(shop), lake)
    assert (summary.refused, set(current(lake, "order_lines"))) == ({"order_lines": 1}, {"12"})


@pytest.mark.parametrize(
    "odd",
    [
        "a refund",
        {"id": "gid://shopify/Refund/77"},  # that of somebody else
        {"refundLineItems": None},
        {"refundLineItems": {"nodes": [None]}},
        {"refundLineItems": {"nodes": [{"quantity": "many"}]}},
    ],
)
def test_a_refund_of_another_shape_refuses_its_order_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, odd: Any
) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON)
        shop.order(2, LATER)
        shop.refund(2, 21, "1.0")
        replace_nodes(monkeypatch, shop, "Refund", odd)
        summary = pulled("shopify", client(shop), lake)
    assert (summary.refusals, set(current(lake, "orders"))) == (["orders: the lines of a refund cannot be read"], {"1"})


@pytest.mark.parametrize("odd", ["an order", 7, {"customerJourneySummary": {"moments": 7}}])
def test_visits_that_cannot_be_read_keep_no_order_out(lake: Lake, monkeypatch: pytest.MonkeyPatch, odd: Any) -> None:
    with FakeShopify() as shop:
        landed = visit(1, NOON, "https://shop.example/?chat=c1")
        shop.order(1, NOON, customerJourneySummary=journey(landed))
        replace_nodes(monkeypatch, shop, "Order", odd)
        summary = pulled("shopify", client(shop, **CHAT), lake)
    assert (summary.refused, set(current(lake, "orders")), current(lake, "interactions")) == ({}, {"1"}, {})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], "'[]' is not an object"),
        ({}, "'None' is not an object"),
        ({"data": [1]}, "'[1]' is not an object"),
        ({"data": {"orders": {"nodes": 7}, "products": {"nodes": []}}}, "orders.nodes '7'"),
        ({"errors": "Not today"}, "an error: Not today"),
        ({"errors": ["Not today"]}, "an error: Not today"),
        ({"errors": {"message": "Not today", "extensions": {"code": "NO", "why": "x"}}}, "NO: Not today"),
        ({"errors": [{"message": None}]}, "an error: nothing more is said"),
    ],
)
def test_an_answer_that_cannot_be_read_whole_is_refused_in_a_sentence(lake: Lake, answer: Any, said: str) -> None:
    with FakeShopify() as shop:
        shop.answer = lambda asked: Answer(200, answer)
        with pytest.raises(SourceRefused, match="shopify answers") as raised:
            pulled("shopify", client(shop), lake)
    assert said in str(raised.value)


@pytest.mark.parametrize("token", [None, "", {"a": 1}])
def test_an_answer_without_a_token_is_refused(token: Any) -> None:
    with FakeShopify() as shop:
        shop.answer = lambda asked: Answer(200, {"access_token": token})
        with pytest.raises(SourceRefused, match="access_token"):
            client(shop, **APP).check()


@pytest.mark.parametrize("cost", [None, "dear", {"requestedQueryCost": "?", "throttleStatus": []}])
def test_what_is_said_of_the_cost_is_not_needed(lake: Lake, monkeypatch: pytest.MonkeyPatch, cost: Any) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON)
        monkeypatch.setattr(shop, "_cost", lambda requested, actual: {"cost": cost})
        summary = pulled("shopify", client(shop), lake)
    assert set(current(lake, "orders")) == {"1"}
    assert bool(summary.unknown_fields) == bool(cost)


@pytest.mark.parametrize("node", [None, {}])
def test_an_operation_that_the_shop_does_not_know_is_started_anew(lake: Lake, node: Any) -> None:
    with FakeShopify() as shop:
        shop.order(1, NOON)
        pulled("shopify", client(shop, bulk=True), lake, minutes=0)
        given, first = shop.answer, iter([True])

        def answer(asked: Any) -> Answer:
            is_state = asked.json()["query"].startswith("query State")
            return Answer(200, {"data": {"node": node}}) if is_state and next(first, False) else given(asked)

        shop.answer = answer
        pulled("shopify", client(shop, bulk=True), lake)
    assert set(current(lake, "orders")) == {"1"}
