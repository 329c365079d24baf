"""One line of a shop's file becomes an order row, or a sentence why it cannot; nothing here reads the database."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from orders.mirror.ingest import (
    EMAIL_MAXIMUM,
    LINE_NAME_MAXIMUM,
    METHOD_MAXIMUM,
    NAME_MAXIMUM,
    REFERENCE_MAXIMUM,
    LineRow,
    OrderRow,
    TransactionRow,
)
from orders.models import NOT_YET_NAMED
from orders.money import AmountRefused, is_currency, parse_amount

ORDER_FIELDS = (
    *("reference", "currency", "amount", "customer_name", "customer_email", "placed_at"),
    *("transactions", "lines"),
)
TRANSACTION_FIELDS = ("transactionId", "partnerReference", "amount", "paymentMethod", "cardReference", "authorized")
LINE_FIELDS = ("name", "quantity", "unitAmount")
TRANSACTIONS_MAXIMUM = 50
LINES_MAXIMUM = 200
QUANTITY_MAXIMUM = 1_000_000
# What a transaction id may consist of, so that it can stand in the gateway's status path (gateway A notes, A.2).
_TRANSACTION_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._:-]{1,36}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class BadLine(ValueError):
    """The line cannot be taken over; the message is a sentence."""


class _Number(str):
    """A JSON number as it is written, so that no float and no `1e2` gets through."""


def read_json_line(text: str) -> Mapping[str, Any]:
    """The JSON object of one line; numbers stay text. Raises BadLine."""
    try:
        value = json.loads(
            text, parse_float=_Number, parse_int=_Number, parse_constant=_refuse_word, object_pairs_hook=_once
        )
    except BadLine:
        raise
    except (ValueError, RecursionError) as error:
        raise BadLine("It is not valid JSON.") from error
    if not isinstance(value, dict):
        raise BadLine("It is not a JSON object.")
    return value


def order_row(line: Mapping[str, Any]) -> OrderRow:
    """The checked row. Raises BadLine with the first thing that is wrong."""
    _check_names(line, ORDER_FIELDS, "An order")
    currency = _text(line, "currency", 3, required=True)
    if not is_currency(currency):
        raise BadLine(f"“{currency}” is not a three-letter currency code in capitals, such as EUR.")
    return OrderRow(
        reference=_text(line, "reference", REFERENCE_MAXIMUM, required=True),
        currency=currency,
        amount=_amount(line, currency),
        customer_name=_text(line, "customer_name", NAME_MAXIMUM),
        customer_email=_email(line),
        placed_at=_moment(line),
        transactions=_transactions(line, currency),
        lines=_articles(line, currency),
    )


def _transactions(line: Mapping[str, Any], currency: str) -> tuple[TransactionRow, ...]:
    given = line.get("transactions")
    if not isinstance(given, list) or not 1 <= len(given) <= TRANSACTIONS_MAXIMUM:
        raise BadLine(f"transactions must be a list of 1 to {TRANSACTIONS_MAXIMUM}.")
    return tuple(_transaction(one, currency) for one in given)


def _transaction(line: Any, currency: str) -> TransactionRow:
    if not isinstance(line, dict):
        raise BadLine("Each of transactions must be an object.")
    _check_names(line, TRANSACTION_FIELDS, "A transaction")
    reference = _text(line, "transactionId", 36, required=True)
    if reference.startswith(NOT_YET_NAMED):
        raise BadLine(f"A transactionId never begins with “{NOT_YET_NAMED}”; that marks payments without one.")
    if _TRANSACTION_ID.fullmatch(reference) is None:
        raise BadLine(f"The transactionId “{reference}” may hold letters, digits and “._:-” only.")
    return TransactionRow(
        reference=reference,
        amount=_amount(line, currency),
        partner_reference=_text(line, "partnerReference", REFERENCE_MAXIMUM),
        payment_method=_text(line, "paymentMethod", METHOD_MAXIMUM),
        card_reference=_text(line, "cardReference", REFERENCE_MAXIMUM),
        authorized=_amount(line, currency, name="authorized") if line.get("authorized") not in (None, "") else None,
    )


def _articles(line: Mapping[str, Any], currency: str) -> tuple[LineRow, ...]:
    given = line.get("lines") or []
    if not isinstance(given, list) or len(given) > LINES_MAXIMUM:
        raise BadLine(f"lines must be a list of at most {LINES_MAXIMUM}.")
    return tuple(_article(one, currency) for one in given)


def _article(line: Any, currency: str) -> LineRow:
    if not isinstance(line, dict):
        raise BadLine("Each of lines must be an object.")
    _check_names(line, LINE_FIELDS, "A line")
    quantity = str(line.get("quantity", ""))
    plain = quantity.isascii() and quantity.isdigit() and len(quantity) <= len(str(QUANTITY_MAXIMUM))
    if not plain or not 0 < int(quantity) <= QUANTITY_MAXIMUM:
        raise BadLine(f"quantity must be a whole number from 1 to {QUANTITY_MAXIMUM}.")
    return LineRow(
        name=_text(line, "name", LINE_NAME_MAXIMUM, required=True),
        quantity=int(quantity),
        unit_amount=_amount(line, currency, name="unitAmount"),
    )


def _check_names(line: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    """A misspelt name must not silently lose a customer."""
    unknown = sorted(set(line) - set(known))
    if unknown:
        raise BadLine(f"{what} has no field “{unknown[0][:40]}”; the fields are {', '.join(known)}.")


def _text(line: Mapping[str, Any], name: str, maximum: int, *, required: bool = False) -> str:
    value = line.get(name)
    if value is None:
        value = ""
    if not isinstance(value, str) or isinstance(value, _Number):
        raise BadLine(f"{name} must be a text in quotation marks.")
    value = value.strip()
    if required and not value:
        raise BadLine(f"{name} is missing.")
    if len(value) > maximum:
        raise BadLine(f"{name} has {len(value)} characters; {maximum} are allowed.")
    if not value.isprintable():
        raise BadLine(f"{name} holds a control character.")
    return value


def _amount(line: Mapping[str, Any], currency: str, *, name: str = "amount") -> int:
    value = line.get(name)
    if not isinstance(value, str):
        raise BadLine(f"{name} is missing." if value is None else f"{name} must be a number such as 49.99.")
    try:
        return parse_amount(value, currency).amount_minor
    except AmountRefused as refusal:
        raise BadLine(f"{name}: {refusal}") from refusal


def _email(line: Mapping[str, Any]) -> str:
    email = _text(line, "customer_email", EMAIL_MAXIMUM)
    if email and _EMAIL.fullmatch(email) is None:
        raise BadLine("customer_email is not an e-mail address.")
    return email


def _moment(line: Mapping[str, Any]) -> datetime | None:
    text = _text(line, "placed_at", 40)
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        if moment is not None and moment.tzinfo is not None:
            # PostgreSQL knows no offset of sixteen hours or more.
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None or moment > timezone.now():
        raise BadLine("placed_at must be a past moment with its offset, such as 2026-01-31T12:00:00Z.")
    return moment


def _refuse_word(word: str) -> None:
    raise BadLine(f"{word} is not a number.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise BadLine(f"The field “{min(twice)[:40]}” stands in it twice.")
    return dict(pairs)
