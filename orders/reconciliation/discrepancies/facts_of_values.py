"""Facts made of the plain values of a query: what is read for thousands of discrepancies builds no model objects."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import DateTimeField, QuerySet
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from orders.models import ExternalMovement, Modification, ModificationState
from orders.reconciliation.discrepancies.case import ItemFacts, LineFacts, TransactionFacts

Values = Sequence[Any]
LINE_COLUMNS = (
    *("id", "identity", "type", "gross", "fee", "net", "currency", "booked_on", "reference", "transaction_reference"),
    *("gateway_id", "custom_reference", "original_currency", "original_amount", "file_id", "file__name", "number"),
)
PAYMENT_COLUMNS = (
    *("id", "reference", "state", "currency", "authorized", "captured", "refunded", "charged_back"),
    *("refreshed_at", "expires_at"),
)
_MODIFICATION_COLUMNS = (
    *("id", "kind", "executed_kind", "amount", "executed_amount", "currency", "state", "transaction_id"),
    *("gateway_reference", "gateway_id", "custom_references", "legs", "reason_text", "happened_at", "unsent"),
)
_MOVEMENT_COLUMNS = (
    *("id", "kind", "amount", "currency", "transaction_id", "gateway_reference", "gateway_id", "happened_at"),
)
_KINDS = {"capture": "capture", "refund": "refund", "void": "refund"}


def through(relation: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The columns as they are named in a query over another table."""
    return tuple(f"{relation}__{column}" for column in columns)


def line_facts(values: Values) -> LineFacts:
    """The values of LINE_COLUMNS as the hypotheses see a line."""
    pk, identity, type, gross, fee, net, currency, booked_on, reference, transaction_reference = values[:10]
    gateway_id, custom_reference, original_currency, original_amount, file_id, file_name, number = values[10:]
    return LineFacts(
        id=pk,
        identity=str(identity),
        type=type,
        gross=gross,
        fee=fee,
        net=net,
        currency=currency,
        booked_on=booked_on,
        reference=reference,
        transaction_reference=transaction_reference,
        gateway_id=gateway_id,
        custom_reference=custom_reference,
        original_currency=original_currency,
        original_amount=original_amount,
        file_id=file_id,
        file_name=file_name,
        number=number,
    )


def payment_facts(values: Values) -> TransactionFacts:
    """The values of PAYMENT_COLUMNS as the hypotheses see a payment."""
    pk, reference, state, currency, authorized, captured, refunded, charged_back, refreshed_at, expires_at = values
    return TransactionFacts(
        id=pk,
        reference=reference,
        state=state,
        currency=currency,
        authorized=authorized,
        captured=captured,
        refunded=refunded,
        charged_back=charged_back,
        refreshed_at=refreshed_at,
        expires_at=expires_at,
    )


def items_of_modifications(rows: QuerySet[Modification], met: Container[str]) -> Iterator[ItemFacts]:
    """Modifications as movements, in the order of the query; what no line ever shows is left out. `met` holds the keys
    of those that a counting line has met."""
    asked = rows.annotate(
        happened_at=Coalesce("gateway_at", "finished_at", "requested_at", output_field=DateTimeField()),
        unsent=IsNull("first_sent_at", True),
    )
    return (item for values in asked.values_list(*_MODIFICATION_COLUMNS) if (item := _item(values, met)) is not None)


def items_of_movements(rows: QuerySet[ExternalMovement], met: Container[str]) -> Iterator[ItemFacts]:
    """Money that moved without our asking, as movements, in the order of the query."""
    seen = rows.annotate(happened_at=Coalesce("moved_at", "seen_at", output_field=DateTimeField()))
    return (_item_of_movement(values, met) for values in seen.values_list(*_MOVEMENT_COLUMNS))


def _item(values: Values, met: Container[str]) -> ItemFacts | None:
    pk, of_kind, executed_kind, amount, executed_amount, currency, state, transaction_id = values[:8]
    gateway_reference, gateway_id, custom_references, told_legs, reason, happened_at, unsent = values[8:]
    kind = _KINDS.get(of_kind) or ("refund" if _may_have_refunded(of_kind, executed_kind, state) else "")
    if not kind:
        return None
    key = str(pk)
    legs = told_legs if isinstance(told_legs, list) else []
    return ItemFacts(
        key=key,
        kind=kind,
        state=state,
        amount=executed_amount if executed_amount is not None else amount,
        currency=currency,
        at=happened_at,
        reference=gateway_reference,
        gateway_id=gateway_id,
        names=(key, *_texts(custom_references)),
        failed_legs=tuple(_leg(leg) for leg in legs if isinstance(leg, dict) and leg.get("failed")),
        legs=len(legs),
        never_sent=unsent and state == ModificationState.WITHDRAWN,
        reason=reason,
        transaction_id=transaction_id,
        met=key in met,
    )


def _item_of_movement(values: Values, met: Container[str]) -> ItemFacts:
    pk, kind, amount, currency, transaction_id, gateway_reference, gateway_id, happened_at = values
    key = f"m{pk}"
    return ItemFacts(
        key=key,
        ours=False,
        kind=kind,
        amount=amount,
        currency=currency,
        at=happened_at,
        reference=gateway_reference,
        gateway_id=gateway_id,
        transaction_id=transaction_id,
        met=key in met,
    )


def _may_have_refunded(kind: str, executed_kind: str, state: str) -> bool:
    if kind != "cancel_or_refund":
        return False
    return executed_kind == "refund" or (state != ModificationState.SUCCEEDED and not executed_kind)


def _texts(references: Any) -> tuple[str, ...]:
    values = references.values() if isinstance(references, dict) else ()
    return tuple(str(value) for value in values if value)


def _leg(leg: Mapping[str, Any]) -> str:
    told = [str(leg.get(name) or "") for name in ("destination", "status", "error")]
    return ", ".join(part for part in told if part) or "one leg"
