"""What time alone does at gateway C: actions that were put off are tried, unreleased money goes back by itself."""

from __future__ import annotations

from orders.sandbox.gateway_c import events, movements
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.execution import end
from orders.sandbox.gateway_c.records import Action, Payment
from orders.sandbox.ledger import Ledger


def catch_up(books: Books, payment: Payment) -> None:
    """Bring one payment to the present, in the order of time. Called inside a store transaction; saved and told."""
    now = books.clock_ms()
    waiting = [action for action in books.actions_on(payment.payment_id) if action.status == "pending"]
    for action in sorted(waiting, key=_due_at):
        if _due_at(action) <= now:
            _give_back_until(books, payment, _due_at(action))
            end(books, payment, action, at=_due_at(action))
    _give_back_until(books, payment, now)


def catch_up_all(ledger: Ledger) -> None:
    """Bring every payment to the present that has something due."""
    now = ledger.dials.clock_ms()
    sql = """SELECT original_id FROM smarterpay_actions WHERE status = 'pending' AND due_at <= ?
             UNION SELECT payment_id FROM smarterpay_payments WHERE expires_at IS NOT NULL AND expires_at <= ?"""
    books = Books(ledger)
    with ledger.store.transaction():
        for row in ledger.store.rows(sql, (now, now)):
            payment = books.payment(row[0])
            if payment is not None:
                catch_up(books, payment)


def give_back(books: Books, payment: Payment, *, at: int) -> None:
    """The authorisation ends unused."""
    movements.expire(payment, at=at)
    books.save(payment)
    events.tell(books, [events.about_payment(payment, created=False)])


def _give_back_until(books: Books, payment: Payment, at: int) -> None:
    if payment.expires_at is not None and payment.expires_at <= at:
        give_back(books, payment, at=payment.expires_at)


def _due_at(action: Action) -> int:
    return action.due_at or action.created_at
