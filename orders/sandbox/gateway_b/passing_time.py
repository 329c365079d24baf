"""What time alone does at gateway B: an authorization that was not captured in time is released (gateways.md B.5)."""

from __future__ import annotations

from orders.sandbox.gateway_b import acting, books
from orders.sandbox.gateway_b.records import Order
from orders.sandbox.ledger import Ledger


def catch_up_all(ledger: Ledger) -> None:
    """Bring every order to the present."""
    now = ledger.dials.clock_ms()
    sql = "SELECT * FROM b_orders WHERE status = 'requires_capture' AND expires_at <= ? ORDER BY expires_at"
    if not ledger.store.rows(f"{sql} LIMIT 1", (now,)):
        return
    with ledger.store.transaction():
        for row in ledger.store.rows(sql, (now,)):
            order = books.noun_from(Order, row)
            acting.release(ledger, order, cause=acting.AUTO, at=order.expires_at)
