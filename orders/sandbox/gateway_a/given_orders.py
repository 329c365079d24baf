"""Transactions made to order, directly in a wanted state and many at once: for demo data and for tests."""

from __future__ import annotations

from typing import Any

from orders.sandbox import amounts
from orders.sandbox.gateway_a import checkout, given_history, legs, movements, prepayments
from orders.sandbox.gateway_a.payment_fields import Part
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Execution, Transaction, new_id, new_reference

STATES = (
    *("CREATED", "FAILED", *prepayments.WAITING, "AUTHORIZATION_COMPLETED"),
    *("CAPTURED", "SETTLED", "CANCELLED", "EXPIRED", "CHARGEBACK"),
)
"""Those in the middle of the first row wait for the buyer's money; their method is PREPMNT or PAYINVC."""
KNOWN = frozenset(
    (
        "merchantKey",
        "transactionId",
        "count",
        "amount",
        "currencyCode",
        "partnerReference",
        "externalOrderReference",
        "paymentMethod",
        "paymentStatus",
        "description",
        "email",
        "customReferences",
        "overview",
        "transactionReference",
        "split",
        "captured",
        "refunded",
        "multiCapture",
        "asynchronous",
        "autoCaptureSeconds",
        "expiresInSeconds",
        "createdSecondsAgo",
        "reconciliationReferenceId",
        "history",
    )
)


class BadOrder(ValueError):
    """The wish cannot be met; the text says why. Nothing was made."""


def make(ledger: Ledger, wishes: list[dict[str, Any]]) -> list[Transaction]:
    """Make every wished transaction, or none. Raises BadOrder."""
    transactions: list[Transaction] = []
    executions: list[Execution] = []
    splits: dict[str, list[Part]] = {}
    shared: list[tuple[Transaction, Execution, dict[str, Any]]] = []
    for wish in wishes:
        for number in range(_count(wish)):
            transaction, movements_before = _made(ledger, wish, number)
            transactions.append(transaction)
            executions += movements_before
            if wish.get("split"):
                splits[transaction.transaction_id] = _split(wish, transaction)
                lived = zip(movements_before, wish.get("history", ()), strict=False)
                shared += [(transaction, execution, step) for execution, step in lived]
    with ledger.store.transaction():
        ledger.add_transactions(transactions)
        ledger.add_executions(executions)
        for transaction_id, parts in splits.items():
            legs.keep_split(ledger, transaction_id, parts)
        for transaction, execution, step in shared:
            legs.share_out(ledger, transaction, execution, fault=legs.LEG_FAILS if step.get("legFails") else None)
    return transactions


def _made(ledger: Ledger, wish: dict[str, Any], number: int) -> tuple[Transaction, list[Execution]]:
    transaction = _created(ledger, wish, number)
    status = wish.get("paymentStatus", movements.AUTHORIZED)
    if status not in STATES:
        raise BadOrder(f"paymentStatus is one of {', '.join(STATES)}.")
    at = transaction.created_at
    if status == "CREATED":
        return transaction, []
    if status == "FAILED":
        transaction.move_to("FAILED", at)
        return transaction, []
    if status in prepayments.WAITING:
        return _waiting(ledger, transaction, wish, status), []
    checkout.authorize(ledger, transaction, at=at)
    if wish.get("expiresInSeconds") is not None:
        transaction.expires_at = ledger.dials.clock_ms() + int(wish["expiresInSeconds"]) * 1000
    if "history" in wish:
        return transaction, _relived(ledger, transaction, wish["history"])
    return transaction, _moved(transaction, wish, status, at)


def _waiting(ledger: Ledger, transaction: Transaction, wish: dict[str, Any], status: str) -> Transaction:
    if transaction.payment_method not in prepayments.METHODS:
        raise BadOrder(f"{status} waits for the buyer's money; paymentMethod is PREPMNT or PAYINVC.")
    reference = transaction.transaction_reference
    prepayments.await_money(ledger, transaction, at=transaction.created_at, status=status)
    transaction.transaction_reference = reference or transaction.transaction_reference
    if wish.get("expiresInSeconds") is not None:
        transaction.expires_at = ledger.dials.clock_ms() + int(wish["expiresInSeconds"]) * 1000
    return transaction


def _split(wish: dict[str, Any], transaction: Transaction) -> list[Part]:
    """[{"destinationReference", "amount", "description"}], together at most the amount."""
    try:
        parts = [
            Part(
                destination=str(one["destinationReference"]),
                amount=_amount(one["amount"], transaction.currency),
                description=one.get("description"),
            )
            for one in wish["split"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise BadOrder("split is a list of objects with destinationReference and amount.") from error
    if sum(part.amount for part in parts) > transaction.authorized:
        raise BadOrder("The parts of the split are more than the amount.")
    return parts


def _relived(ledger: Ledger, transaction: Transaction, history: list[dict[str, Any]]) -> list[Execution]:
    try:
        return given_history.relive(transaction, history, now=ledger.dials.clock_ms())
    except (KeyError, TypeError, ValueError) as error:
        raise BadOrder(f"The history cannot be read: {error}.") from error


def _moved(transaction: Transaction, wish: dict[str, Any], status: str, at: int) -> list[Execution]:
    if status == movements.AUTHORIZED:
        return []
    if status == "EXPIRED":
        movements.expire(transaction, at)
        return []
    if status == "CANCELLED":
        return [_done(transaction, type="CANCELLATION", kind="cancel", amount=transaction.authorized, at=at)]
    captured = _part(wish, "captured", transaction.authorized, transaction.currency, default=transaction.authorized)
    executions = [_done(transaction, type="CAPTURE", kind="capture", amount=captured, at=at)]
    refunded = _part(wish, "refunded", transaction.captured, transaction.currency, default=0)
    if refunded:
        executions.append(_done(transaction, type="REFUND", kind="refund", amount=refunded, at=at))
    if status in ("SETTLED", "CHARGEBACK"):
        transaction.move_to("SETTLED", at)
        executions.append(_noted(transaction, type="SETTLEMENT", kind="settlement", amount=captured, at=at))
    if status == "CHARGEBACK":
        transaction.charged_back = captured
        transaction.move_to("CHARGEBACK", at)
        executions.append(_noted(transaction, type="CHARGEBACK", kind="chargeback", amount=captured, at=at))
    return executions


def _done(transaction: Transaction, *, type: str, kind: str, amount: int, at: int) -> Execution:
    movements.complete(transaction, type=type, amount=amount, kind=kind, at=at)
    return _noted(transaction, type=type, kind=kind, amount=amount, at=at)


def _noted(transaction: Transaction, *, type: str, kind: str, amount: int, at: int) -> Execution:
    status = {"SETTLEMENT": "SETTLED", "CHARGEBACK": "CHARGEBACK", **movements.DONE_STATUS}[type]
    own_reference = type in ("REFUND", "CHARGEBACK")
    return Execution(
        merchant_key=transaction.merchant_key,
        modification_id=new_id(),
        transaction_id=transaction.transaction_id,
        kind=kind,
        type=type,
        amount=amount,
        currency=transaction.currency,
        status=status,
        origin="portal",
        created_at=at,
        last_status_at=at,
        reference=new_reference() if own_reference else transaction.reference,
        part_id=new_id(),
    )


def _created(ledger: Ledger, wish: dict[str, Any], number: int) -> Transaction:
    unknown = set(wish) - KNOWN
    if unknown:
        raise BadOrder(f"An order does not know {', '.join(sorted(unknown))}. Known: {', '.join(sorted(KNOWN))}.")
    if wish.get("merchantKey") not in ledger.merchant_keys():
        raise BadOrder(f"There is no merchant {wish.get('merchantKey')}.")
    currency = str(wish.get("currencyCode", "EUR"))
    at = ledger.dials.clock_ms() - int(wish.get("createdSecondsAgo", 0)) * 1000
    transaction = Transaction(
        transaction_id=str(wish.get("transactionId") or new_id()),
        merchant_key=wish["merchantKey"],
        currency=currency,
        authorized=_amount(wish.get("amount"), currency),
        description=str(wish.get("description", "")),
        partner_reference=_numbered(wish.get("partnerReference"), number, _count(wish)),
        external_reference=wish.get("externalOrderReference"),
        payment_method=str(wish.get("paymentMethod", "VISA")),
        reference=str(wish.get("reconciliationReferenceId") or new_reference()),
        checkout_token=checkout.new_token(),
        email=wish.get("email"),
        custom_references=dict(wish.get("customReferences") or {}),
        overview=dict(wish.get("overview") or {}),
        transaction_reference=wish.get("transactionReference"),
        multi_capture=bool(wish.get("multiCapture", ledger.several_captures(wish["merchantKey"]))),
        asynchronous=wish.get("asynchronous"),
        auto_capture_seconds=wish.get("autoCaptureSeconds"),
        created_at=at,
    )
    transaction.move_to("CREATED", at)
    return transaction


def _amount(value: object, currency: str) -> int:
    try:
        amount = amounts.minor_from_control(value, currency)
    except amounts.BadAmount as error:
        raise BadOrder(str(error)) from error
    if not 0 < amount <= amounts.AMOUNT_LIMIT_MINOR:
        raise BadOrder("An amount is more than zero and at most 10^15 minor units.")
    return amount


def _part(wish: dict[str, Any], name: str, ceiling: int, currency: str, *, default: int) -> int:
    if not wish.get(name):
        return default
    amount = _amount(wish[name], currency)
    if amount > ceiling:
        raise BadOrder(f"{name} is more than the {ceiling} minor units there are.")
    return amount


def _count(wish: dict[str, Any]) -> int:
    count = wish.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 100_000:
        raise BadOrder("count is a number between 1 and 100000.")
    return count


def _numbered(reference: object, number: int, count: int) -> str | None:
    if reference is None:
        return None
    return str(reference) if count == 1 else f"{reference}-{number + 1}"
