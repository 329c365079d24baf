"""What happens behind the dashboard's back: the portal of gateway C, and the card holder. Webhooks alone tell."""

from __future__ import annotations

from orders.sandbox.gateway_c import events, movements
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.execution import book, decide, new_action
from orders.sandbox.gateway_c.passing_time import catch_up, give_back
from orders.sandbox.gateway_c.records import Action, Payment

PAYMENT_TYPES = {
    "release": movements.RELEASE,
    "cancel": movements.CANCEL,
    "void": movements.VOID,
    "refund": movements.REFUND,
}


class Impossible(ValueError):
    """The payment's state does not allow it; nothing changed."""


def act(books: Books, *, payment_id: str, action: str, amount: int | None) -> Action:
    """Release, cancel, void or refund in the portal. Amount in minor units, None for all. Raises Impossible."""
    if action not in PAYMENT_TYPES:
        raise Impossible(f"The portal can {', '.join(PAYMENT_TYPES)} and expire; {action} is none of them.")
    with books.store.transaction():
        payment = _present(books, payment_id)
        wanted = _all_of(payment, action) if amount is None else amount
        made = new_action(
            payment, payment_type=_type_of(payment, action), amount=wanted, origin="portal", at=books.clock_ms()
        )
        decide(books, payment, made, at=made.created_at)
        if made.status != "successful":
            raise Impossible(made.gateway_details)
        book(books, payment, made)
    return made


def expire(books: Books, *, payment_id: str) -> Payment:
    """The acquirer gives the reserved money back now, whatever the clock says. Raises Impossible."""
    with books.store.transaction():
        payment = _present(books, payment_id)
        if payment.expires_at is None:
            raise Impossible(f"Only reserved money can go back by itself; the payment is {payment.state}.")
        give_back(books, payment, at=books.clock_ms())
    return payment


def shopper_decides(books: Books, *, payment_id: str, pays: bool) -> Payment:
    """The card holder pays or gives up on the shop's page. Raises Impossible when that was decided before."""
    with books.store.transaction():
        payment = _present(books, payment_id)
        if payment.state != "pending":
            raise Impossible(f"The card holder has decided already; the payment is {payment.state}.")
        now = books.clock_ms()
        if pays:
            movements.authorize(payment, books.dials, at=now)
        else:
            movements.decline(payment, at=now)
        books.save(payment)
        events.tell(books, [events.about_payment(payment, created=False)])
    return payment


def _present(books: Books, payment_id: str) -> Payment:
    payment = books.original_of(payment_id)
    if payment is None:
        raise Impossible(f"There is no payment {payment_id}.")
    catch_up(books, payment)
    return payment


def _type_of(payment: Payment, action: str) -> str:
    authenticated = action == "release" and payment.state == "authenticated"
    return movements.AUTHORISE_RELEASE if authenticated else PAYMENT_TYPES[action]


def _all_of(payment: Payment, action: str) -> int | None:
    if action == "release":
        return payment.authorized
    return payment.captured - payment.refunded if action == "refund" else None
