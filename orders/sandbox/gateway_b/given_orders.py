"""Orders of gateway B made to order, directly in a wanted state and many at once: for demo data and for tests."""

from __future__ import annotations

from typing import Any

from orders.sandbox.amounts import AMOUNT_LIMIT_MINOR
from orders.sandbox.gateway_b import books, movements, purchase
from orders.sandbox.gateway_b.merchants import Merchant, merchant_named
from orders.sandbox.gateway_b.records import Execution, Order, Payment, Refund, new_id
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import new_id as new_modification_id

STATES = ("requires_authorization", "requires_capture", "succeeded", "canceled", "rejected")
KNOWN = frozenset(
    (
        *("merchantKey", "transactionId", "count", "amount", "currencyCode", "paymentStatus", "reference"),
        *("description", "email", "metadata", "captureMethod", "expiresInSeconds", "createdSecondsAgo", "payments"),
        "customerInfo",
    )
)
PAYMENT_KNOWN = frozenset(("amount", "id", "reference", "modificationId", "origin", "secondsAgo", "refunds"))
REFUND_KNOWN = frozenset(("amount", "id", "reference", "modificationId", "origin", "secondsAgo", "reason", "failed"))


class BadOrder(ValueError):
    """The wish cannot be met; the text says why. Nothing was made."""


def make(ledger: Ledger, wishes: list[dict[str, Any]]) -> list[Order]:
    """Make every wished order, or none. No webhooks are sent for what is made as past. Raises BadOrder."""
    made: list[Order] = []
    nouns: list[Order | Payment | Refund | Execution] = []
    for wish in wishes:
        merchant = _merchant(ledger, wish)
        for number in range(_count(wish)):
            past = _Past(ledger, wish, merchant, number)
            made.append(past.order)
            nouns += past.nouns
    with ledger.store.transaction():
        books.add(ledger.store, *nouns)
    return made


class _Past:
    """One order and what has happened to it."""

    def __init__(self, ledger: Ledger, wish: dict[str, Any], merchant: Merchant, number: int) -> None:
        self._now = ledger.dials.clock_ms()
        self.order = _created(wish, merchant, number, now=self._now)
        self.nouns: list[Order | Payment | Refund | Execution] = [self.order]
        status = wish.get("paymentStatus", "requires_capture")
        if status not in STATES:
            raise BadOrder(f"paymentStatus is one of {', '.join(STATES)}.")
        if status in ("requires_authorization", "rejected"):
            self.order.status = status
            return
        lifetime_ms = ledger.dials.now.order_authorization_seconds * 1000
        movements.authorize(self.order, at=self.order.created_at, lifetime_ms=lifetime_ms)
        if wish.get("expiresInSeconds") is not None:
            self.order.expires_at = self._now + int(wish["expiresInSeconds"]) * 1000
        payments = wish.get("payments", [{"amount": self.order.amount}] if status == "succeeded" else [])
        for payment in payments:
            self._pay(payment)
        self._close(status)

    def _pay(self, step: dict[str, Any]) -> None:
        _check_known(step, PAYMENT_KNOWN, "payment")
        at = self._at(step)
        amount = _amount(step.get("amount"))
        if amount > self.order.remainder:
            raise BadOrder(f"A payment is more than the {self.order.remainder} there are.")
        payment = Payment(
            id=str(step.get("id") or new_id("payment", test=self.order.test)),
            order_id=self.order.id,
            merchant_key=self.order.merchant_key,
            test=self.order.test,
            amount=amount,
            created_at=at,
            updated_at=at,
            reference=step.get("reference"),
        )
        movements.capture(self.order, amount, keep_remainder=True, at=at)
        self.nouns.append(payment)
        self._book("capture", "CAPTURE", "CAPTURED", amount, payment.id, step, at)
        for refund in step.get("refunds", ()):
            self._refund(payment, refund)

    def _refund(self, payment: Payment, step: dict[str, Any]) -> None:
        _check_known(step, REFUND_KNOWN, "refund")
        at = self._at(step)
        amount = _amount(step.get("amount"))
        if amount > payment.amount - payment.refunded:
            raise BadOrder(f"A refund is more than the {payment.amount - payment.refunded} there are.")
        refund = Refund(
            id=str(step.get("id") or new_id("refund", test=self.order.test)),
            payment_id=payment.id,
            order_id=self.order.id,
            merchant_key=self.order.merchant_key,
            test=self.order.test,
            amount=amount,
            reason=str(step.get("reason", "requested_by_customer")),
            status="failed" if step.get("failed") else "succeeded",
            created_at=at,
            updated_at=at,
            reference=step.get("reference"),
        )
        if not step.get("failed"):
            movements.refund(self.order, payment, amount, at=at)
        self.nouns.append(refund)
        status = "FAILED" if step.get("failed") else "REFUNDED"
        self._book("refund", "REFUND", status, amount, refund.id, step, at)

    def _close(self, status: str) -> None:
        """What the wished state still lacks: the rest is released."""
        if status == "requires_capture" and not self.order.remainder:
            raise BadOrder("An order that is wholly captured has succeeded.")
        if status == "canceled" and self.order.captured:
            raise BadOrder("A cancelled order has no payments; one that was captured in part has succeeded.")
        if status != "requires_capture" and self.order.remainder:
            ends = self.order.expires_at or self._now
            at = ends if ends < self._now else self.order.updated_at
            released = movements.release(self.order, at=at)
            self._book("cancel", "CANCELLATION", "CANCELLED", released, self.order.id, {}, at)

    def _book(
        self, kind: str, type_: str, status: str, amount: int, part_id: str, step: dict[str, Any], at: int
    ) -> None:
        self.nouns.append(
            Execution(
                merchant_key=self.order.merchant_key,
                modification_id=str(step.get("modificationId") or new_modification_id()),
                transaction_id=self.order.id,
                kind=kind,
                type=type_,
                amount=amount,
                status=status,
                origin=str(step.get("origin", "portal")),
                created_at=at,
                last_status_at=at,
                reference=str(step.get("reference") or part_id),
                part_id=part_id,
            )
        )

    def _at(self, step: dict[str, Any]) -> int:
        return self._now - int(step["secondsAgo"]) * 1000 if "secondsAgo" in step else self.order.updated_at


def _created(wish: dict[str, Any], merchant: Merchant, number: int, *, now: int) -> Order:
    _check_known(wish, KNOWN, "order")
    if wish.get("currencyCode", "JPY") != "JPY":
        raise BadOrder("Gateway B deals in JPY only.")
    at = now - int(wish.get("createdSecondsAgo", 0)) * 1000
    amount = _amount(wish.get("amount"))
    description = str(wish.get("description", "An order"))
    customer = {"emailAddress": wish["email"]} if wish.get("email") else {}
    reference = wish.get("reference")
    return Order(
        id=str(wish.get("transactionId") or new_id("order", test=merchant.test)),
        merchant_key=merchant.key,
        test=merchant.test,
        amount=amount,
        capture_method=str(wish.get("captureMethod", "manual")),
        created_at=at,
        updated_at=at,
        reference=reference if reference is None or _count(wish) == 1 else f"{reference}-{number + 1}",
        description=description,
        details={
            "lineItems": [purchase.line_item(name=description, amount=amount, test=merchant.test, at=at)],
            "customerInfo": {**customer, **(wish.get("customerInfo") or {})},
            "metadata": dict(wish.get("metadata") or {}),
        },
    )


def _merchant(ledger: Ledger, wish: dict[str, Any]) -> Merchant:
    key = str(wish.get("merchantKey", ""))
    merchant = merchant_named(ledger, key)
    if merchant is None:
        raise BadOrder(f"There is no merchant {key}. Name an introduced one, or a key such as sk_test_1.")
    return merchant


def _amount(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= AMOUNT_LIMIT_MINOR:
        raise BadOrder("An amount is an integer in yen, more than zero and at most 10^15.")
    return value


def _count(wish: dict[str, Any]) -> int:
    count = wish.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 100_000:
        raise BadOrder("count is a number between 1 and 100000.")
    return count


def _check_known(wish: dict[str, Any], known: frozenset[str], what: str) -> None:
    if unknown := set(wish) - known:
        raise BadOrder(
            f"A {what} of gateway B does not know {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}."
        )
