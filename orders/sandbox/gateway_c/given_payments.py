"""Payments made to order, directly in a wanted state and many at once: for demo data and for tests."""

from __future__ import annotations

from typing import Any

from orders.sandbox import amounts, json_text
from orders.sandbox.gateway_c import events, misconduct, movements
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.execution import decide, new_action
from orders.sandbox.gateway_c.portal import PAYMENT_TYPES
from orders.sandbox.gateway_c.records import Action, Card, Payment, new_card_id, new_legacy_id, new_payment_id

PAST = {
    "pending": (),
    "failed": (),
    "authorized": (),
    "taken": ("release",),
    "cancelled": ("cancel",),
    "voided": ("release", "void"),
    "expired": (),
}
"""What a payment in a wanted state has behind it."""
KNOWN = frozenset(
    (
        *("merchantKey", "count", "amount", "currencyCode", "paymentType", "state", "captured", "refunded"),
        *("cardId", "paymentId", "customerId", "customReference", "metadata", "description", "gatewayDescription"),
        *("createdSecondsAgo", "expiresInSeconds", "history", "tell"),
    )
)
KNOWN_OF_STEP = frozenset(
    ("action", "amount", "secondsAgo", "modificationId", "paymentId", "metadata", "origin", "description", "failed")
)


class BadPayment(ValueError):
    """The wish cannot be met; the text says why. Nothing was made."""


def make(books: Books, wishes: list[dict[str, Any]]) -> list[Payment]:
    """Make every wished payment under a card of its own, or none. Raises BadPayment."""
    made = []
    with books.store.transaction():
        for wish in wishes:
            for number in range(_count(wish)):
                made.append(_made(books, wish, number))
    return made


def _made(books: Books, wish: dict[str, Any], number: int) -> Payment:
    unknown = set(wish) - KNOWN
    if unknown:
        raise BadPayment(f"A payment does not know {', '.join(sorted(unknown))}. Known: {', '.join(sorted(KNOWN))}.")
    state = wish.get("state", "authorized")
    if state not in PAST:
        raise BadPayment(f"state is one of {', '.join(PAST)}.")
    card, payment = _registered(books, wish, number)
    if state == "failed":
        movements.decline(payment, at=payment.created_at)
    elif state != "pending":
        movements.authorize(payment, books.dials, at=payment.created_at)
    if wish.get("expiresInSeconds") is not None and payment.expires_at is not None:
        payment.expires_at = books.clock_ms() + int(wish["expiresInSeconds"]) * 1000
    if state == "expired":
        movements.expire(payment, at=payment.created_at)
    actions = [_lived(books, payment, step) for step in _steps(payment, wish, state)]
    _write(books, card, payment, actions, tell=bool(wish.get("tell")))
    return payment


def _write(books: Books, card: Card, payment: Payment, actions: list[Action], *, tell: bool) -> None:
    """Quietly, unless webhooks are wished for."""
    books.add_cards([card])
    books.add_payments([payment])
    for action in actions:
        books.add_action(action)
    if tell:
        told = [events.about_action(action, payment, created=True) for action in actions]
        events.tell(books, [events.about_payment(payment, created=True), *told])


def _steps(payment: Payment, wish: dict[str, Any], state: str) -> list[dict[str, Any]]:
    """The history that was told, or the shortest that leads to the wanted state."""
    if "history" in wish:
        return list(wish["history"])
    at_once = payment.payment_type in movements.TAKEN_AT_ONCE
    steps = [{"action": action} for action in PAST[state] if not (at_once and action == "release")]
    if wish.get("captured") and not at_once:
        steps = [{"action": "release", "amount": wish["captured"]}]
    if wish.get("refunded"):
        steps.append({"action": "refund", "amount": wish["refunded"]})
    ago = int(wish.get("createdSecondsAgo", 0))
    return [{"secondsAgo": ago, **step} for step in steps]


def _lived(books: Books, payment: Payment, step: dict[str, Any]) -> Action:
    """One step of the past. A refund counts as made after clearing, whenever it was."""
    if unknown := set(step) - KNOWN_OF_STEP:
        raise BadPayment(f"A step of the history does not know {', '.join(sorted(unknown))}.")
    if step.get("action") not in PAYMENT_TYPES:
        raise BadPayment(f"action is one of {', '.join(PAYMENT_TYPES)}.")
    payment_type = PAYMENT_TYPES[step["action"]]
    if payment_type == movements.RELEASE and payment.payment_type in movements.AUTHENTICATED:
        payment_type = movements.AUTHORISE_RELEASE
    at = books.clock_ms() - int(step.get("secondsAgo", 0)) * 1000
    amount = None if step.get("amount") is None else _amount(step["amount"], payment.currency)
    if amount is None and payment_type in (movements.RELEASE, movements.AUTHORISE_RELEASE):
        amount = payment.authorized
    action = new_action(
        payment, payment_type=payment_type, amount=amount, origin=str(step.get("origin", "portal")), at=at
    )
    action.payment_id = str(step.get("paymentId") or action.payment_id)
    action.modification_id = str(step.get("modificationId") or action.payment_id)
    action.custom_reference = str(step.get("modificationId") or "")
    action.internal_description = str(step.get("description") or "")
    action.metadata = _json(step.get("metadata"))
    if step.get("failed"):
        action.status, action.gateway_status, action.gateway_code, action.gateway_details = misconduct.LATER_REFUSAL
    else:
        _decide(books, payment, action, at=at)
    return action


def _decide(books: Books, payment: Payment, action: Action, *, at: int) -> None:
    captured_at = payment.captured_at
    if action.payment_type == movements.REFUND and captured_at is not None:
        payment.captured_at = min(captured_at, at - books.dials.smarterpay_clearing_seconds * 1000)
    decide(books, payment, action, at=at)
    if action.payment_type == movements.REFUND:
        payment.captured_at = captured_at
    if action.status != "successful":
        raise BadPayment(f"{action.payment_type} cannot stand in the history: {action.gateway_details}")


def _registered(books: Books, wish: dict[str, Any], number: int) -> tuple[Card, Payment]:
    if wish.get("merchantKey") not in books.ledger.merchant_keys():
        raise BadPayment(f"There is no merchant {wish.get('merchantKey')}.")
    payment_type = str(wish.get("paymentType", "DeferredEcommerce"))
    if payment_type not in movements.REGISTRATIONS:
        raise BadPayment(f"paymentType is one of {', '.join(movements.REGISTRATIONS)}.")
    currency = str(wish.get("currencyCode", "GBP"))
    at = books.clock_ms() - int(wish.get("createdSecondsAgo", 0)) * 1000
    card = Card(
        card_id=str(wish.get("cardId") or new_card_id()),
        legacy_id=new_legacy_id(),
        merchant_key=wish["merchantKey"],
        customer_id=str(wish.get("customerId") or "CUSTOMER-1"),
        number_ending="0006",
        card_type="VISA",
        expiry_date="1229",
        name_on_card="A Shopper",
        profile="PROFILE-1",
        created_at=at,
    )
    payment = Payment(
        payment_id=str(wish.get("paymentId") or new_payment_id()),
        legacy_id=new_legacy_id(),
        card_id=card.card_id,
        merchant_key=card.merchant_key,
        payment_type=payment_type,
        currency=currency,
        authorized=_amount(wish.get("amount"), currency),
        custom_reference=_numbered(wish.get("customReference"), number, _count(wish)),
        metadata=_json(wish.get("metadata")),
        internal_description=str(wish.get("description") or ""),
        gateway_description=str(wish.get("gatewayDescription") or ""),
        created_at=at,
        last_status_at=at,
    )
    return card, payment


def _amount(value: object, currency: str) -> int:
    try:
        amount = amounts.minor_from_control(value, currency)
    except amounts.BadAmount as error:
        raise BadPayment(str(error)) from error
    if not 0 < amount <= amounts.AMOUNT_LIMIT_MINOR:
        raise BadPayment("An amount is more than zero and at most 10^15 minor units.")
    return amount


def _json(value: object) -> str | None:
    return None if value is None else json_text.write(value).decode()


def _count(wish: dict[str, Any]) -> int:
    count = wish.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 100_000:
        raise BadPayment("count is a number between 1 and 100000.")
    return count


def _numbered(reference: object, number: int, count: int) -> str:
    if reference is None:
        return ""
    return str(reference) if count == 1 else f"{reference}-{number + 1}"
