"""What sources answer, as pydantic models: a field for each thing that is read, under the source's own name.

`not_read` has the other names of the source's documentation. Names that stand in neither place are counted in
`Unknown`, and a pull tells them once. What stands under them is not kept: it may be about a person.
Whatever does not fit raises pydantic's ValidationError, which `rows_of` turns into the refusal of that record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from flows.ground.errors import SourceRefused
from flows.sources.api.parts import whole
from flows.sources.api.rows import Absent, Misshapen, decimal, instant_of, listed, reason, text_of

T = TypeVar("T")


class Unknown:
    """What came and nobody expected, with how often: fields by name, and fields whose value could not be read."""

    def __init__(self) -> None:
        self.fields: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()

    def besides(self, known: Collection[str]) -> dict[str, int]:
        """How often each came that is not known by now, by name; names of unread values end in `= ?`."""
        found = {**self.fields, **{f"{name} = ?": count for name, count in self.unread.items()}}
        return {name: found[name] for name in sorted(found.keys() - set(known))}


class Record(BaseModel):
    """An object of an answer, as far as it is read."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    not_read: ClassVar[str] = ""  # names, with blanks between them
    is_open: ClassVar[bool] = False  # whoever writes it may put in names of their own: none is unexpected

    @classmethod
    def read(cls, record: Any, unknown: Unknown) -> Self:
        """The record. Raises ValidationError where it is of another shape."""
        return cls.model_validate(record, context=unknown)

    @classmethod
    def answered(cls, source: str, answer: Any, unknown: Unknown) -> Self:
        """A whole answer. Raises SourceRefused where it is of another shape: nothing of it can be read then."""
        try:
            return cls.read(answer, unknown)
        except ValidationError as error:
            what = f"{source} answers in a shape that is not known: {reason(error)}"
            raise SourceRefused(what, remedy="the API has changed; report it") from error

    def kept(self) -> dict[str, Any]:
        """What was read, under the source's names, for the payload of a row: read again it gives the same record."""
        found: dict[str, Any] = _plain(self.model_dump(by_alias=True, exclude_unset=True))
        return found

    @model_validator(mode="before")
    @classmethod
    def _is_object(cls, record: Any, info: ValidationInfo) -> Any:
        if isinstance(record, cls):
            return record
        if not isinstance(record, Mapping):
            raise Misshapen(f"{str(record)[:40]!r} is not an object")
        if isinstance(info.context, Unknown) and not cls.is_open:
            info.context.fields.update(f"{cls.__name__}.{name}" for name in record.keys() - _names(cls))
        return record


@cache
def _names(model: type[Record]) -> frozenset[str]:
    fields = {field.alias or name for name, field in model.model_fields.items()}
    return frozenset({*fields, *model.not_read.split()})


def _plain(value: Any) -> Any:
    """As JSON has it. (Pydantic's own way cannot write half of a character, which payloads may have.)"""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


def _id(value: Any) -> str:
    if not (found := text_of(value)):
        raise Absent("is missing")
    if found != whole(found):  # half of a character: no file and no address can have it
        raise Misshapen(f"{found[:40]!r} is not an id")
    return found


def _nothing_is_false(value: Any) -> Any:
    return False if value is None else value


def _whole(value: Any) -> Any:
    if isinstance(value, bool):
        raise Misshapen(f"{str(value)!r} is not a number")
    return None if value == "" else value


def _loosely(value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    try:
        return read(value)
    except ValueError:
        if isinstance(info.context, Unknown):
            info.context.unread[f"{(info.config or {}).get('title', '')}.{info.field_name}"] += 1
        return None


# Whatever the source writes it as, a number or a text; required.
Id = Annotated[str, BeforeValidator(_id)]
# Null where there is nothing, or an empty text.
Text = Annotated[str | None, BeforeValidator(text_of)]
# Nothing is 0.
Amount = Annotated[Decimal, BeforeValidator(decimal)]
# ISO text, from ISO text or seconds of Unix; null where there is nothing, or a 0.
Instant = Annotated[str | None, BeforeValidator(instant_of)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_nothing_is_false)]
# Also one object alone, or nothing.
Listed = Annotated[tuple[T, ...], BeforeValidator(listed)]
# What a record can do without: null, and counted, where it is of another shape.
Loosely = Annotated[T | None, WrapValidator(_loosely)]
