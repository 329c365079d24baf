"""The kinds of values in our JSON: amounts in minor units, currencies, ids, moments, words of one line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from orders.models import NOT_YET_NAMED
from orders.money import MAXIMUM_MINOR

ID_MAXIMUM = 2**63 - 1
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DAY = datetime(2200, 1, 1, tzinfo=UTC)


class Given(BaseModel):
    """What a shop sends: nothing but what is named here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(BaseModel):
    """What a shop is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldError(Told):
    """What is wrong with one value."""

    pointer: str = Field(description="Where it stands, as a JSON pointer.")
    detail: str


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line without control characters")
    return text


def _not_ours(reference: str) -> str:
    if reference.startswith(NOT_YET_NAMED):
        raise ValueError(f"must not begin with {NOT_YET_NAMED}, which marks payments that have no id yet")
    return reference


def _text_with_offset(value: object) -> datetime:
    """A number of seconds or a day without a zone would be a guess."""
    if not isinstance(value, str):
        raise ValueError("must be a text such as 2026-01-31T12:00:00Z")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a moment such as 2026-01-31T12:00:00Z") from None
    if moment.tzinfo is None or not _is_of_this_age(moment):
        raise ValueError("must be a moment of this age with its offset, such as 2026-01-31T12:00:00Z")
    # PostgreSQL knows no offset of sixteen hours or more.
    return moment.astimezone(UTC)


def _is_of_this_age(moment: datetime) -> bool:
    try:
        return _FIRST_DAY <= moment.astimezone(UTC) <= _LAST_DAY
    except OverflowError:
        return False


Amount = Annotated[
    int,
    Field(strict=True, gt=0, le=MAXIMUM_MINOR, description="Minor units of the currency: 1250 is 12.50 EUR, 1250 JPY."),
]
Currency = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217.")]
RowId = Annotated[int, Field(ge=1, le=ID_MAXIMUM)]
Version = Annotated[int, Field(strict=True, ge=0, le=ID_MAXIMUM)]
Flag = Annotated[bool, Field(strict=True)]
Moment = Annotated[datetime, BeforeValidator(_text_with_offset)]

LINE = AfterValidator(_printable)

Reference = Annotated[
    str,
    StringConstraints(
        strict=True, min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]*[A-Za-z0-9_:-][A-Za-z0-9._:-]*$"
    ),
    AfterValidator(_not_ours),
    Field(description="Letters, digits and “._:-”, so that it can stand in a gateway’s path."),
]
"""A transaction’s id at its gateway."""
Name60 = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=60), LINE]
Word64 = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=64), LINE]
Word200 = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200), LINE]
Line = Annotated[str, StringConstraints(strict=True, strip_whitespace=True), LINE]
"""Text of one line; the model says how long it may be."""
Text40 = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, max_length=40), LINE]
Text64 = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, max_length=64), LINE]
Text127 = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, max_length=127), LINE]
Text200 = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, max_length=200), LINE]
Text255 = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, max_length=255), LINE]
Email = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, max_length=255, pattern=r"^([^@\s]+@[^@\s]+)?$"),
    LINE,
]
