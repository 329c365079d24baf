"""The sums of money: what stands in a column is what the rows behind it add up to. Minor units everywhere."""

from __future__ import annotations

from orders.invariants.checking import Invariant

_OPEN = "('queued', 'in_flight', 'pending', 'unknown', 'review')"
_EXCLUSIVE = "('cancel', 'cancel_or_refund', 'authorize')"

MONEY = (
    Invariant(
        number="I7a",
        sentence="What is captured, being captured and released never exceeds what was authorized.",
        sql="""
            SELECT t.reference AS thing,
                   'authorized ' || t.authorized || ', taken ' || (t.captured + t.capturing + t.released) AS wrong
            FROM orders_transaction t WHERE t.authorized < t.captured + t.capturing + t.released""",
    ),
    Invariant(
        number="I7b",
        sentence="What is refunded and being refunded never exceeds what was captured.",
        sql="""
            SELECT t.reference AS thing,
                   'captured ' || t.captured || ', given back ' || (t.refunded + t.refunding) AS wrong
            FROM orders_transaction t WHERE t.captured < t.refunded + t.refunding""",
    ),
    Invariant(
        number="I7c",
        sentence="What is refunded and being refunded of one capture never exceeds it.",
        sql="""
            SELECT t.reference AS thing,
                   'captured ' || c.amount || ', given back ' || (c.refunded + c.refunding) AS wrong
            FROM orders_capture c JOIN orders_transaction t ON t.id = c.transaction_id
            WHERE c.amount < c.refunded + c.refunding""",
    ),
    Invariant(
        number="I8a",
        sentence="What is being captured is the sum of the open captures.",
        sql=f"""
            SELECT t.reference AS thing, 'column ' || t.capturing || ', rows ' || COALESCE(m.total, 0) AS wrong
            FROM orders_transaction t
            LEFT JOIN (SELECT transaction_id, SUM(amount) AS total FROM orders_modification
                       WHERE kind = 'capture' AND state IN {_OPEN} GROUP BY transaction_id) m
                   ON m.transaction_id = t.id
            WHERE t.capturing <> COALESCE(m.total, 0)""",  # noqa: S608
    ),
    Invariant(
        number="I8b",
        sentence="What is being refunded is the sum of the open refunds.",
        sql=f"""
            SELECT t.reference AS thing, 'column ' || t.refunding || ', rows ' || COALESCE(m.total, 0) AS wrong
            FROM orders_transaction t
            LEFT JOIN (SELECT transaction_id, SUM(amount) AS total FROM orders_modification
                       WHERE kind IN ('refund', 'void') AND state IN {_OPEN} GROUP BY transaction_id) m
                   ON m.transaction_id = t.id
            WHERE t.refunding <> COALESCE(m.total, 0)""",  # noqa: S608
    ),
    Invariant(
        number="I8c",
        sentence="What is being refunded of one capture is the sum of the open refunds that draw on it.",
        sql=f"""
            SELECT t.reference AS thing, 'column ' || c.refunding || ', rows ' || COALESCE(m.total, 0) AS wrong
            FROM orders_capture c JOIN orders_transaction t ON t.id = c.transaction_id
            LEFT JOIN (SELECT capture_id, SUM(amount) AS total FROM orders_modification
                       WHERE kind IN ('refund', 'void') AND state IN {_OPEN} GROUP BY capture_id) m
                   ON m.capture_id = c.id
            WHERE c.refunding <> COALESCE(m.total, 0)""",  # noqa: S608
    ),
    Invariant(
        number="I8d",
        sentence="A transaction is reserved for one cancellation exactly while one open cancellation holds it.",
        sql=f"""
            SELECT t.reference AS thing, COALESCE(m.many, 0) || ' open cancellations' AS wrong
            FROM orders_transaction t
            LEFT JOIN (SELECT transaction_id, COUNT(*) AS many FROM orders_modification
                       WHERE kind IN {_EXCLUSIVE} AND state IN {_OPEN} GROUP BY transaction_id) m
                   ON m.transaction_id = t.id
            LEFT JOIN orders_modification holder
                   ON holder.id = t.exclusive_modification AND holder.transaction_id = t.id
                  AND holder.kind IN {_EXCLUSIVE} AND holder.state IN {_OPEN}
            WHERE (t.exclusive_modification IS NULL AND COALESCE(m.many, 0) <> 0)
               OR (t.exclusive_modification IS NOT NULL AND (holder.id IS NULL OR m.many <> 1))""",  # noqa: S608
    ),
    Invariant(
        number="I9a",
        sentence="What is captured is the sum of the captures.",
        sql="""
            SELECT t.reference AS thing, 'column ' || t.captured || ', captures ' || COALESCE(c.total, 0) AS wrong
            FROM orders_transaction t
            LEFT JOIN (SELECT transaction_id, SUM(amount) AS total FROM orders_capture GROUP BY transaction_id) c
                   ON c.transaction_id = t.id
            WHERE t.captured <> COALESCE(c.total, 0)""",
    ),
    Invariant(
        number="I9b",
        sentence="What is refunded is the sum of what was drawn on the captures.",
        sql="""
            SELECT t.reference AS thing, 'column ' || t.refunded || ', captures ' || COALESCE(c.total, 0) AS wrong
            FROM orders_transaction t
            LEFT JOIN (SELECT transaction_id, SUM(refunded) AS total FROM orders_capture GROUP BY transaction_id) c
                   ON c.transaction_id = t.id
            WHERE t.refunded <> COALESCE(c.total, 0)""",
    ),
    Invariant(
        number="I9c",
        sentence="What is refunded is what succeeded of ours and what the gateway refunded without us.",
        sql="""
            SELECT t.reference AS thing, 'column ' || t.refunded || ', ours ' || COALESCE(m.total, 0)
                   || ', not ours ' || COALESCE(x.total, 0) AS wrong
            FROM orders_transaction t
            LEFT JOIN (SELECT transaction_id, SUM(COALESCE(executed_amount, amount)) AS total
                       FROM orders_modification
                       WHERE state = 'succeeded'
                         AND (kind IN ('refund', 'void') OR (kind = 'cancel_or_refund' AND executed_kind = 'refund'))
                       GROUP BY transaction_id) m ON m.transaction_id = t.id
            LEFT JOIN (SELECT transaction_id, SUM(amount) AS total FROM orders_externalmovement
                       WHERE kind = 'refund' AND booked GROUP BY transaction_id) x ON x.transaction_id = t.id
            WHERE t.refunded <> COALESCE(m.total, 0) + COALESCE(x.total, 0)""",
    ),
    Invariant(
        number="I9d",
        sentence="What is charged back is the sum of the chargebacks.",
        sql="""
            SELECT t.reference AS thing, 'column ' || t.charged_back || ', rows ' || COALESCE(x.total, 0) AS wrong
            FROM orders_transaction t
            LEFT JOIN (SELECT transaction_id, SUM(amount) AS total FROM orders_externalmovement
                       WHERE kind = 'chargeback' AND booked GROUP BY transaction_id) x ON x.transaction_id = t.id
            WHERE t.charged_back <> COALESCE(x.total, 0)""",
    ),
    Invariant(
        number="I9e",
        sentence="A capture of ours that succeeded stands in the books once, with its amount.",
        sql="""
            SELECT t.reference AS thing, 'modification ' || m.state || ' of ' || m.amount
                   || ', capture ' || COALESCE(c.amount, 0) AS wrong
            FROM orders_modification m JOIN orders_transaction t ON t.id = m.transaction_id
            LEFT JOIN orders_capture c ON c.modification_id = m.id
            WHERE m.kind = 'capture'
              AND ((m.state = 'succeeded' AND (c.id IS NULL OR c.amount <> m.amount OR c.transaction_id <> t.id))
                OR (m.state <> 'succeeded' AND c.id IS NOT NULL))""",
    ),
    Invariant(
        number="I9f",
        sentence="The figures of an order are the sums of its transactions.",
        sql="""
            SELECT o.reference AS thing, 'captured ' || o.captured || ' and ' || COALESCE(t.captured, 0)
                   || ', refunded ' || o.refunded || ' and ' || COALESCE(t.refunded, 0) AS wrong
            FROM orders_order o
            LEFT JOIN (SELECT order_id, SUM(captured) AS captured, SUM(refunded) AS refunded
                       FROM orders_transaction GROUP BY order_id) t ON t.order_id = o.id
            WHERE o.captured <> COALESCE(t.captured, 0) OR o.refunded <> COALESCE(t.refunded, 0)""",
    ),
    Invariant(
        number="I9g",
        sentence="The parts of a refund plan cover it, and those that moved or may move never exceed it.",
        sql="""
            SELECT t.reference AS thing, 'plan ' || p.amount || ', asked ' || COALESCE(m.asked, 0)
                   || ', moved or open ' || COALESCE(m.holding, 0) AS wrong
            FROM orders_refundplan p JOIN orders_transaction t ON t.id = p.transaction_id
            LEFT JOIN (SELECT plan_id, SUM(amount) AS asked,
                              SUM(CASE WHEN state IN ('failed', 'withdrawn') THEN 0 ELSE amount END) AS holding,
                              MIN(transaction_id) AS first, MAX(transaction_id) AS last,
                              COUNT(CASE WHEN kind <> 'refund' THEN 1 END) AS strangers
                       FROM orders_modification WHERE plan_id IS NOT NULL GROUP BY plan_id) m ON m.plan_id = p.id
            WHERE COALESCE(m.asked, 0) < p.amount OR COALESCE(m.holding, 0) > p.amount OR m.strangers > 0
               OR m.first <> p.transaction_id OR m.last <> p.transaction_id""",
    ),
)
