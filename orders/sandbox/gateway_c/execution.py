"""Carrying out one action, registration or repeat at gateway C: what is allowed is booked, told and answered."""

from __future__ import annotations

from orders.sandbox import json_text
from orders.sandbox.faults import Strike
from orders.sandbox.gateway_c import events, misconduct, movements
from orders.sandbox.gateway_c.answers import BAD_INFORMATION, OK, REFUSED_CODE, Refused, refuse, registered, result_of
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.fields import Order
from orders.sandbox.gateway_c.records import Action, Card, Payment, new_card_id, new_legacy_id, new_payment_id
from orders.sandbox.records import Arrival
from orders.sandbox.wire import Reply

OUTCOME_OF = {"successful": "executed", "failed": "failed"}


def subject_of(books: Books, order: Order) -> Payment:
    """The payment that is meant: the related one, else the newest under the card. Raises Refused."""
    card = books.card(order.card_id)
    if card is None or card.merchant_key != order.merchant_key:
        raise refuse(
            404, BAD_INFORMATION, "There is no such card.", card_id=order.card_id, payment_type=order.payment_type
        )
    if order.related_payment_id is None:
        return books.payments_under(card.card_id)[-1]
    payment = books.original_of(order.related_payment_id)
    if payment is None or payment.card_id != card.card_id:
        raise _bad(order, "related_payment_id is not a payment under this card.")
    return payment


def act(books: Books, order: Order, payment: Payment, *, arrival: Arrival, strike: Strike | None) -> Reply:
    """Do, refuse or put off one action. Called inside a store transaction. Raises Refused for bad information."""
    if order.currency not in (None, payment.currency):
        raise _bad(order, f"currency_code must be the original transaction's, {payment.currency}.")
    action = _action(books, order, payment, strike)
    action.request_sha256 = arrival.body_sha256
    seconds = _put_off_seconds(books, order, strike)
    if seconds is None:
        decide(books, payment, action, at=action.created_at)
    else:
        action.status = "pending"
        action.due_at = action.created_at + int(seconds * 1000)
        fails = action.fault == "pending_then_failed" or books.dials.async_outcome == "fail"
        action.outcome = "fail" if fails and action.fault != "pending" else "succeed"
    book(books, payment, action)
    _warn(books, order, payment)
    arrival.outcome = "accepted" if seconds is not None else OUTCOME_OF.get(action.status, "refused")
    if order.asynchronous:
        return Reply(status=202)
    return Reply(body=json_text.write(misconduct.distorted(result_of(action), action.fault)))


def decide(books: Books, payment: Payment, action: Action, *, at: int) -> None:
    """Try it now; the action's status says how it went."""
    action.last_status_at, action.due_at = at, None
    said = misconduct.refusal(action.fault)
    if said is None and action.outcome == "fail":
        said = misconduct.LATER_REFUSAL
    if said is not None:
        action.status, action.gateway_status, action.gateway_code, action.gateway_details = said
        return
    wish = movements.Wish(payment_type=action.payment_type, amount=action.amount or None)
    try:
        action.amount = movements.carry_out(payment, wish, books.dials, at=at)
    except movements.NotPossible as error:
        action.status = "failed"
        action.gateway_status, action.gateway_code, action.gateway_details = "Invalid", REFUSED_CODE, str(error)
        return
    action.status = "successful"
    action.gateway_status, action.gateway_code, action.gateway_details = OK


def book(books: Books, payment: Payment, action: Action) -> None:
    """Write the new action and what it did to its payment, and tell of it."""
    books.add_action(action)
    books.save(payment)
    events.tell(books, [events.about_action(action, payment, created=True)])


def end(books: Books, payment: Payment, action: Action, *, at: int) -> None:
    """An action that was put off is tried when its time has come."""
    decide(books, payment, action, at=at)
    books.conclude(action)
    books.save(payment)
    events.tell(books, [events.about_action(action, payment, created=False)])


def repeat(books: Books, order: Order, original: Payment, *, arrival: Arrival) -> Reply:
    """A new payment with the same card (continuous authority). Called inside a store transaction."""
    payment = _payment(books, order, card_id=original.card_id, currency=order.currency or original.currency)
    payment.related_payment_id = original.payment_id
    at = payment.created_at
    if original.status == "successful":
        movements.authorize(payment, books.dials, at=at)
    else:
        movements.decline(payment, at=at)
    books.add_payments([payment])
    events.tell(books, [events.about_payment(payment, created=True, related=original)])
    arrival.outcome, arrival.transaction_id = "created", payment.payment_id
    return Reply(body=json_text.write(registered(payment)))


def register(books: Books, order: Order, *, arrival: Arrival) -> Reply:
    """A new card and its first payment. Called inside a store transaction.

    A payment by telephone is authorised at once; one of a shop waits for the card holder.
    """
    payment = new_payment(books, order)
    if payment.payment_type.endswith("MOTO"):
        movements.authorize(payment, books.dials, at=payment.created_at)
    books.add_payments([payment])
    events.tell(books, [events.about_payment(payment, created=True)])
    arrival.outcome, arrival.transaction_id = "created", payment.payment_id
    return Reply(body=json_text.write(registered(payment)))


def new_payment(books: Books, order: Order) -> Payment:
    """The card is written, the payment not yet."""
    card = Card(
        card_id=order.card_id or new_card_id(),
        legacy_id=new_legacy_id(),
        merchant_key=order.merchant_key,
        customer_id=order.customer_id,
        number_ending="0006",
        card_type="VISA",
        expiry_date="1229",
        name_on_card="A Shopper",
        profile=order.profile,
        created_at=books.clock_ms(),
    )
    books.add_cards([card])
    return _payment(books, order, card_id=card.card_id, currency=order.currency or "GBP")


def _payment(books: Books, order: Order, *, card_id: str, currency: str) -> Payment:
    now = books.clock_ms()
    return Payment(
        payment_id=new_payment_id(),
        legacy_id=new_legacy_id(),
        card_id=card_id,
        merchant_key=order.merchant_key,
        payment_type=order.payment_type,
        currency=currency,
        authorized=order.amount or 0,
        custom_reference=order.custom_reference,
        metadata=order.metadata,
        internal_description=order.internal_description,
        gateway_description=order.gateway_description,
        created_at=now,
        last_status_at=now,
    )


def _action(books: Books, order: Order, payment: Payment, strike: Strike | None) -> Action:
    action = new_action(
        payment, payment_type=order.payment_type, amount=order.amount, origin="api", at=books.clock_ms()
    )
    action.fault = strike.fault if strike else None
    if action.fault == "wrong_amount_executed" and order.payment_type in movements.WITH_AMOUNT:
        action.amount = max(1, action.amount - 1)
    action.modification_id = order.idempotency_key or order.custom_reference or action.payment_id
    action.custom_reference = order.custom_reference
    action.metadata = order.metadata
    action.internal_description = order.internal_description
    action.gateway_description = order.gateway_description
    return action


def new_action(payment: Payment, *, payment_type: str, amount: int | None, origin: str, at: int) -> Action:
    """An action that nothing has been done about yet. `amount` in minor units, None for everything it concerns."""
    payment_id = new_payment_id()
    wish = movements.Wish(payment_type=payment_type, amount=amount)
    return Action(
        payment_id=payment_id,
        legacy_id=new_legacy_id(),
        original_id=payment.payment_id,
        card_id=payment.card_id,
        merchant_key=payment.merchant_key,
        payment_type=payment_type,
        amount=movements.amount_of(payment, wish),
        currency=payment.currency,
        status="pending",
        modification_id=payment_id,
        origin=origin,
        created_at=at,
        last_status_at=at,
    )


def _put_off_seconds(books: Books, order: Order, strike: Strike | None) -> float | None:
    """How long until it is tried; None means now."""
    seconds = books.dials.async_delay_seconds if strike is None or strike.seconds is None else strike.seconds
    put_off = strike is not None and strike.fault in ("pending", "pending_then_failed")
    return seconds if put_off or order.asynchronous else None


def _warn(books: Books, order: Order, payment: Payment) -> None:
    """What a careful client would not have sent."""
    sentences = list(order.warnings)
    if order.payment_type == movements.CANCEL and order.amount not in (None, payment.authorized):
        sentences.append(
            f"DeferredCancel was sent with amount {order.amount}, the reserved amount is {payment.authorized}. "
            "The amount was ignored and everything was given back."
        )
    for sentence in sentences:
        books.warn(order.merchant_key, payment.payment_id, sentence, at=books.clock_ms())


def _bad(order: Order, details: str) -> Refused:
    return refuse(400, BAD_INFORMATION, details, card_id=order.card_id, payment_type=order.payment_type)
