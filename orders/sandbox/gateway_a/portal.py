"""What happens behind the dashboard's back: the merchant portal, settlement, chargebacks."""

from __future__ import annotations

from orders.sandbox.gateway_a import movements, notifications, prepayments
from orders.sandbox.gateway_a.execution import book
from orders.sandbox.gateway_a.passing_time import catch_up
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Execution, Transaction, new_id, new_reference

PORTAL_ACTIONS = ("capture", "cancel", "refund", "cancelOrRefund")


class Impossible(ValueError):
    """The transaction's state does not allow it; nothing changed."""


def act(ledger: Ledger, *, transaction_id: str, action: str, amount: int | None) -> Execution:
    """Capture, cancel or refund in the portal, under a modification id of the portal's own. Amount in minor units.

    Raises Refused as the API would, and Impossible when there is no such transaction or action.
    """
    if action not in PORTAL_ACTIONS:
        raise Impossible(f"The portal can {', '.join(PORTAL_ACTIONS)}; {action} is none of them.")
    with ledger.store.transaction():
        transaction = _present(ledger, transaction_id)
        in_flight = ledger.refunds_in_flight(transaction_id)
        movement = movements.permitted(transaction, kind=action, amount=amount, refunds_in_flight=in_flight)
        reference = new_reference() if movement.type == "REFUND" else transaction.reference
        execution = _execution(ledger, transaction, kind=action, movement=movement, reference=reference)
        book(ledger, transaction, execution)
    return execution


def settle(ledger: Ledger, *, transaction_id: str) -> Execution:
    """CAPTURED becomes SETTLED, and a SETTLEMENT modification says so."""
    with ledger.store.transaction():
        transaction = _present(ledger, transaction_id)
        if transaction.status != "CAPTURED":
            raise Impossible(f"Only a captured transaction settles; this one is {transaction.status}.")
        movement = movements.Movement(type="SETTLEMENT", amount=transaction.captured)
        execution = _execution(
            ledger, transaction, kind="settlement", movement=movement, reference=transaction.reference
        )
        transaction.move_to("SETTLED", execution.created_at)
        _write(ledger, transaction, execution)
        notifications.tell_payment(ledger, transaction, origin=execution.origin)
    return execution


def charge_back(ledger: Ledger, *, transaction_id: str, amount: int | None) -> Execution:
    """The shopper's bank takes money back; it may do so even after a refund. Amount in minor units, None for all."""
    with ledger.store.transaction():
        transaction = _present(ledger, transaction_id)
        ceiling = transaction.captured - transaction.charged_back
        wanted = ceiling if amount is None else amount
        if not 0 < wanted <= ceiling:
            raise Impossible(f"Between 1 and {ceiling} minor units can be charged back; {wanted} cannot.")
        movement = movements.Movement(type="CHARGEBACK", amount=wanted)
        execution = _execution(ledger, transaction, kind="chargeback", movement=movement, reference=new_reference())
        transaction.charged_back += wanted
        if transaction.charged_back == transaction.captured:
            transaction.move_to("CHARGEBACK", execution.created_at)
        _write(ledger, transaction, execution)
    return execution


def expire(ledger: Ledger, *, transaction_id: str) -> Transaction:
    """The authorization, or the time to pay, ends now."""
    with ledger.store.transaction():
        transaction = _present(ledger, transaction_id)
        now = ledger.dials.clock_ms()
        if prepayments.is_waiting(transaction):
            prepayments.abandon(ledger, transaction, at=now)
        elif transaction.status == movements.AUTHORIZED:
            movements.expire(transaction, now)
            ledger.save(transaction)
        else:
            raise Impossible(f"Only what is open can expire; this one is {transaction.status}.")
    return transaction


def pay(ledger: Ledger, *, transaction_id: str) -> Execution:
    """The buyer pays all of a prepayment or an invoice, under the reference that the gateway gave."""
    with ledger.store.transaction():
        transaction = _present(ledger, transaction_id)
        if not prepayments.is_waiting(transaction):
            raise Impossible(f"Nobody waits for this money; the transaction is {transaction.status}.")
        return prepayments.receive(ledger, transaction, at=ledger.dials.clock_ms())


def _present(ledger: Ledger, transaction_id: str) -> Transaction:
    transaction = ledger.transaction(transaction_id)
    if transaction is None:
        raise Impossible(f"There is no transaction {transaction_id}.")
    catch_up(ledger, transaction)
    return transaction


def _execution(
    ledger: Ledger, transaction: Transaction, *, kind: str, movement: movements.Movement, reference: str
) -> Execution:
    now = ledger.dials.clock_ms()
    status = {"SETTLEMENT": "SETTLED", "CHARGEBACK": "CHARGEBACK", **movements.DONE_STATUS}[movement.type]
    return Execution(
        merchant_key=transaction.merchant_key,
        modification_id=new_id(),
        transaction_id=transaction.transaction_id,
        kind=kind,
        type=movement.type,
        amount=movement.amount,
        currency=transaction.currency,
        status=status,
        origin="portal",
        created_at=now,
        last_status_at=now,
        reference=reference,
        part_id=new_id(),
        description="Made in the merchant portal" if kind in PORTAL_ACTIONS else None,
    )


def _write(ledger: Ledger, transaction: Transaction, execution: Execution) -> None:
    ledger.add_executions([execution])
    ledger.save(transaction)
