"""What is read of Shopify's answers as a whole: what they find, what they cost, and what they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from flows.sources.api import Id, Instant, Listed, Loosely, Record, Text, Whole
from flows.sources.shopify.records import Connection, Product


class Changed(Record):
    """A page of what changed."""

    page: Connection[Any]


class OrderPage(Changed):
    page: Connection[Any] = Field(alias="orders")


class ProductPage(Changed):
    page: Connection[Any] = Field(alias="products")


CHANGED: Mapping[str, type[Changed]] = {"orders": OrderPage, "products": ProductPage}


class Stamped(Record):
    """All that has to be known of a record to go on after it."""

    updatedAt: Instant = None


class Nodes(Record):
    """Things by their ids, in the order in which they were asked for; null for one that is not there any more."""

    nodes: tuple[Any, ...]


class ProductOf(Record):
    productByIdentifier: Loosely[Product] = None


class BulkOperation(Record):
    """A bulk operation; `url` is None where it found nothing, has not finished, or was finished too long ago."""

    id: Id
    status: Id
    createdAt: AwareDatetime
    errorCode: Text = None
    url: Text = None
    fileSize: Whole = None
    objectCount: Whole = None

    @property
    def is_working(self) -> bool:
        return self.status in {"CREATED", "RUNNING", "CANCELING"}


class UserError(Record):
    code: Text = None
    message: Text = None


class Run(Record):
    bulkOperation: BulkOperation | None = None
    userErrors: Listed[UserError] = ()


class Started(Record):
    bulkOperationRunQuery: Run


class State(Record):
    """How far an operation is; nothing, or an object without fields, where the shop does not know it."""

    node: Annotated[BulkOperation | None, BeforeValidator(lambda node: node or None)] = None


class Shop(Record):
    currencyCode: Text = None


class AccessScope(Record):
    handle: Text = None


class AppInstallation(Record):
    accessScopes: Listed[AccessScope] = ()


class Check(Record):
    """Which shop it is, and what this app may read there."""

    shop: Loosely[Shop] = None
    currentAppInstallation: Loosely[AppInstallation] = None


class CheckRows(Record):
    """One order and one product; that they may be read is all that is of interest."""

    not_read = "orders products"


class ThrottleStatus(Record):
    currentlyAvailable: Loosely[float] = None
    restoreRate: Loosely[float] = None

    not_read = "maximumAvailable"


class Cost(Record):
    requestedQueryCost: Loosely[float] = None
    throttleStatus: Loosely[ThrottleStatus] = None

    not_read = "actualQueryCost fields"


class Extensions(Record):
    cost: Loosely[Cost] = None

    not_read = "context search"


class Problem(Record):
    """The extensions of an error; some errors have more of them than the documentation names."""

    code: Text = None

    is_open = True


class Error(Record):
    """An error; some are plain text."""

    message: Loosely[Text] = None
    extensions: Loosely[Problem] = None

    not_read = "locations path"

    @model_validator(mode="before")
    @classmethod
    def _as_object(cls, given: Any) -> Any:
        return {"message": given} if isinstance(given, str) else given


class Answer(Record):
    data: Any = None
    errors: Listed[Error] = ()
    extensions: Loosely[Extensions] = None


class AccessToken(Record):
    access_token: Id

    not_read = "scope expires_in associated_user associated_user_scope"
