"""The life of a modification: what was sent was armed, what ended has its proof, what is in doubt is seen."""

from __future__ import annotations

from orders.invariants.checking import Invariant, changed_bodies

_OPEN = "('queued', 'in_flight', 'pending', 'unknown', 'review')"
_FINISHED = "('succeeded', 'failed', 'withdrawn')"

LIFE = (
    Invariant(
        number="I1",
        sentence="Every modification was asked for: its request stands in the audit log.",
        sql="""
            SELECT m.id AS thing, m.kind || ' ' || m.state || ' without its request' AS wrong
            FROM orders_modification m
            WHERE NOT EXISTS (SELECT 1 FROM orders_event e WHERE e.modification_id = m.id AND NOT e.refused
                              AND e.verb = m.kind || '.requested')""",
    ),
    Invariant(
        number="I4",
        sentence="What succeeded has evidence of success and moved the amount that was asked for.",
        sql="""
            SELECT m.id AS thing, m.kind || ' of ' || m.amount || ', moved '
                   || COALESCE(m.executed_amount, m.amount) AS wrong
            FROM orders_modification m
            WHERE m.state = 'succeeded'
              AND ((m.kind IN ('capture', 'refund') AND COALESCE(m.executed_amount, m.amount) <> m.amount)
                OR m.gateway_reference = ''
                OR NOT EXISTS (SELECT 1 FROM orders_evidence v
                               WHERE v.modification_id = m.id AND v.verdict = 'succeeded'))""",
    ),
    Invariant(
        number="I5",
        sentence="What failed or was withdrawn has no evidence of success, unless its transaction is frozen for it.",
        sql="""
            SELECT m.id AS thing, m.state || ', but evidence says it succeeded' AS wrong
            FROM orders_modification m
            WHERE m.state IN ('failed', 'withdrawn')
              AND EXISTS (SELECT 1 FROM orders_evidence v
                          WHERE v.modification_id = m.id AND v.verdict = 'succeeded' AND v.applied)
              AND NOT EXISTS (SELECT 1 FROM orders_externalmovement x WHERE x.modification_id = m.id)""",
    ),
    Invariant(
        number="I6",
        sentence="The bytes of every request are those that were frozen.",
        look=changed_bodies,
    ),
    Invariant(
        number="I10",
        sentence="What has ended has an end time and waits for nothing.",
        sql=f"""
            SELECT m.id AS thing, m.state || ' with a lease, a doubt or without its end' AS wrong
            FROM orders_modification m
            WHERE m.state IN {_FINISHED}
              AND (m.finished_at IS NULL OR m.lease_until IS NOT NULL OR m.doubt_since IS NOT NULL)""",  # noqa: S608
    ),
    Invariant(
        number="I11a",
        sentence="No attempt is of an epoch that its modification has not reached.",
        sql="""
            SELECT m.id AS thing, 'attempt of epoch ' || a.epoch || ', modification at ' || m.epoch AS wrong
            FROM orders_attempt a JOIN orders_modification m ON m.id = a.modification_id WHERE a.epoch > m.epoch""",
    ),
    Invariant(
        number="I11b",
        sentence="At most one modification of a transaction is being sent.",
        sql="""
            SELECT t.reference AS thing, COUNT(*) || ' are being sent' AS wrong
            FROM orders_modification m JOIN orders_transaction t ON t.id = m.transaction_id
            WHERE m.state = 'in_flight' AND m.next_step = 'send'
            GROUP BY t.id, t.reference HAVING COUNT(*) > 1""",
    ),
    Invariant(
        number="I11c",
        sentence="The turn to send belongs to an open modification of the same transaction.",
        sql=f"""
            SELECT t.reference AS thing, 'the turn is held by nobody who may have it' AS wrong
            FROM orders_transaction t
            LEFT JOIN orders_modification m
                   ON m.id = t.sending_modification AND m.transaction_id = t.id AND m.state IN {_OPEN}
            WHERE t.sending_modification IS NOT NULL AND m.id IS NULL""",  # noqa: S608
    ),
    Invariant(
        number="I12",
        sentence="Nothing was sent without an attempt that was written down before.",
        sql="""
            SELECT m.id AS thing, 'sent without an attempt' AS wrong
            FROM orders_modification m
            WHERE m.first_sent_at IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM orders_attempt a WHERE a.modification_id = m.id AND a.purpose = 'send')""",
    ),
    Invariant(
        number="I13",
        sentence="What was withdrawn was never sent.",
        sql="""
            SELECT m.id AS thing, 'withdrawn, but an attempt may have reached the gateway' AS wrong
            FROM orders_modification m
            WHERE m.state = 'withdrawn'
              AND (m.first_sent_at IS NOT NULL
                OR EXISTS (SELECT 1 FROM orders_attempt a WHERE a.modification_id = m.id AND a.purpose = 'send'
                           AND a.verdict <> 'not_sent'))""",
    ),
    Invariant(
        number="I15a",
        sentence="A transaction counts exactly its modifications in doubt.",
        sql="""
            SELECT t.reference AS thing, 'counts ' || t.unknown_count || ', rows ' || COALESCE(m.many, 0) AS wrong
            FROM orders_transaction t
            LEFT JOIN (SELECT transaction_id, COUNT(*) AS many FROM orders_modification
                       WHERE doubt_since IS NOT NULL GROUP BY transaction_id) m ON m.transaction_id = t.id
            WHERE t.unknown_count <> COALESCE(m.many, 0)""",
    ),
    Invariant(
        number="I15b",
        sentence="What is in review, unknown or frozen calls for attention on its order.",
        sql="""
            SELECT o.reference AS thing, 'silent although its transaction is in doubt or frozen' AS wrong
            FROM orders_transaction t JOIN orders_order o ON o.id = t.order_id
            WHERE (t.unknown_count > 0 OR t.frozen_reason <> '') AND NOT o.attention""",
    ),
    Invariant(
        number="I16a",
        sentence="Every end of a modification stands in the audit log.",
        sql=f"""
            SELECT m.id AS thing, m.kind || ' ended as ' || m.state || ' without an event' AS wrong
            FROM orders_modification m
            WHERE m.state IN {_FINISHED}
              AND NOT EXISTS (SELECT 1 FROM orders_event e
                              WHERE e.modification_id = m.id AND e.verb = m.kind || '.' || m.state)""",  # noqa: S608
    ),
    Invariant(
        number="I16b",
        sentence="The seals of the audit log form one chain without a gap (`audit verify` also recomputes the hashes).",
        sql="""
            SELECT s.sequence AS thing, 'does not follow the seal before it' AS wrong
            FROM orders_eventseal s LEFT JOIN orders_eventseal p ON p.sequence = s.sequence - 1
            WHERE s.sequence > 1 AND (p.sequence IS NULL OR p.hash <> s.previous_hash)""",
    ),
)
