"""Whose rows are whose: merchants never mix, currencies never mix, and no transcript holds a credential."""

from __future__ import annotations

from orders.invariants.checking import Invariant

BELONGING = (
    Invariant(
        number="I18a",
        sentence="An order, its transactions and their account belong to one merchant.",
        sql="""
            SELECT t.reference AS thing, 'its order or account is another merchant’s' AS wrong
            FROM orders_transaction t JOIN orders_order o ON o.id = t.order_id
            JOIN orders_gatewayaccount a ON a.id = t.account_id
            WHERE t.merchant_id <> o.merchant_id OR t.merchant_id <> a.merchant_id OR t.account_id <> o.account_id""",
    ),
    Invariant(
        number="I18b",
        sentence="A modification belongs to the merchant, account and currency of its transaction.",
        sql="""
            SELECT m.id AS thing, 'its transaction is of another merchant, account or currency' AS wrong
            FROM orders_modification m JOIN orders_transaction t ON t.id = m.transaction_id
            WHERE m.merchant_id <> t.merchant_id OR m.account_id <> t.account_id OR m.currency <> t.currency""",
    ),
    Invariant(
        number="I18c",
        sentence="A refund draws on a capture of its own transaction.",
        sql="""
            SELECT m.id AS thing, 'draws on a capture of another transaction' AS wrong
            FROM orders_modification m JOIN orders_capture c ON c.id = m.capture_id
            WHERE c.transaction_id <> m.transaction_id""",
    ),
    Invariant(
        number="I18d",
        sentence="The words and events of an order belong to its merchant.",
        sql="""
            SELECT o.reference AS thing, 'a search word is another merchant’s' AS wrong
            FROM orders_reference r JOIN orders_order o ON o.id = r.order_id WHERE r.merchant_id <> o.merchant_id
            UNION ALL
            SELECT o.reference AS thing, 'an event is another merchant’s' AS wrong
            FROM orders_event e JOIN orders_order o ON o.id = e.order_id
            WHERE e.merchant_id IS NULL OR e.merchant_id <> o.merchant_id""",
    ),
    Invariant(
        number="I18e",
        sentence="A transaction is in the currency of its order.",
        sql="""
            SELECT t.reference AS thing, t.currency || ' and ' || o.currency AS wrong
            FROM orders_transaction t JOIN orders_order o ON o.id = t.order_id WHERE t.currency <> o.currency""",
    ),
    Invariant(
        number="I22",
        sentence="No transcript holds credentials.",
        sql="""
            SELECT a.modification_id AS thing, 'an Authorization header was stored' AS wrong
            FROM orders_attempt a
            WHERE a.request_transcript LIKE '%uthorization: Basic%'
               OR a.request_transcript LIKE '%uthorization: Bearer%'
               OR a.response_transcript LIKE '%uthorization: Basic%'""",
    ),
)
