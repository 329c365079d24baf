"""The auditor: compares what really happened at the gateway with what our books say, and finds nothing or sentences.

It imports nothing of the product: it reads the tables by SQL and the gateway's ledger over HTTP, so that no mistake of
the product can hide in it. The numbers I1 to I22 are those of the invariants in docs/money-safety.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.proofs import against_itself, against_ledger, chain
from tests.proofs.records import FINISHED, Row, read

QUERIES = {
    "modifications": """SELECT m.id, m.kind, m.amount, m.currency, m.state, m.epoch, m.body, m.body_sha256, m.path,
        m.first_sent_at, m.finished_at, m.gateway_reference, m.executed_kind, m.transaction_id, m.plan_id,
        t.reference, t.frozen_reason FROM orders_modification m JOIN orders_transaction t ON t.id = m.transaction_id""",
    "transactions": """SELECT id, reference, authorized, capturing, captured, released, refunding, refunded,
        charged_back, exclusive_modification, sending_modification, unknown_count, frozen_reason
        FROM orders_transaction""",
    "captures": "SELECT transaction_id, amount, refunded, refunding FROM orders_capture",
    "plans": "SELECT id, amount FROM orders_refundplan",
    "attempts": """SELECT modification_id, epoch, purpose, started_at, finished_at, request_transcript,
        response_transcript FROM orders_attempt""",
    "events": "SELECT modification_id, verb, sentence FROM orders_event",
    "seals": chain.QUERY,
}
OBSERVED = ("modifications", "transactions")


@dataclass(kw_only=True)
class Auditor:
    """`database` is a URL or an SQLite path; `ledgers` fetch each gateway's whole ledger as it is now."""

    database: str
    ledgers: Sequence[Callable[[], Any]]
    _ends: dict[str, Row] = field(default_factory=dict)
    _epochs: dict[str, int] = field(default_factory=dict)
    _seen: list[str] = field(default_factory=list)

    def observe(self) -> dict[str, Row]:
        """Look once while the proof runs, and remember what must never change. Returns the modifications by id."""
        books = read(self.database, {name: QUERIES[name] for name in OBSERVED})
        rows = {row["id"]: row for row in books["modifications"]}
        for row in rows.values():
            self._seen += self._changes(row)
        self._seen += against_itself.reservations(books)
        self._seen += against_itself.ceilings(books["transactions"])
        return rows

    def audit(self, *, accepted: Iterable[str], secrets: Iterable[str] = (), texts: Iterable[str] = ()) -> list[str]:
        """Every violation as a sentence; an empty list is the proof.

        `accepted` are the ids of all requests that were answered with yes; `secrets` must stand in none of `texts`
        (logs, messages) and in no transcript.
        """
        self.observe()
        books = read(self.database, QUERIES)
        ledger = self._ledger()
        unsettled = against_ledger.owed(books["modifications"], ledger["executions"])
        transcripts = [f"{row['request_transcript']}{row['response_transcript']}" for row in books["attempts"]]
        return [
            *dict.fromkeys(self._seen),
            *against_ledger.one_row_each(set(accepted), books["modifications"], books["plans"]),
            *against_ledger.executions(books["modifications"], ledger["executions"]),
            *against_ledger.bytes_sent(books["modifications"], ledger["requests"]),
            *against_ledger.attempts(books, ledger["requests"]),
            *against_ledger.sums(books["transactions"], ledger["transactions"], unsettled),
            *against_itself.plans(books),
            *against_itself.captures(books),
            *against_itself.events(books),
            *chain.breaks(books["seals"]),
            *against_itself.leaks(secrets, [*texts, *transcripts, *(row["sentence"] for row in books["events"])]),
        ]

    def _ledger(self) -> dict[str, list[Row]]:
        whole: dict[str, list[Row]] = {"transactions": [], "executions": [], "requests": []}
        for fetch in self.ledgers:
            part = fetch()
            for name in whole:
                whole[name] += part[name]
        return whole

    def _changes(self, row: Row) -> list[str]:
        """I10 and I11: an end is final, an epoch never falls."""
        found = []
        before = (
            self._ends.setdefault(row["id"], _end_of(row)) if row["state"] in FINISHED else self._ends.get(row["id"])
        )
        if before is not None and before != _end_of(row):
            found.append(f"{row['id']}: ended as {before['state']} and changed afterwards to {row['state']} (I10).")
        if row["epoch"] < self._epochs.get(row["id"], 0):
            found.append(f"{row['id']}: its epoch fell to {row['epoch']} (I11).")
        self._epochs[row["id"]] = row["epoch"]
        return found


def _end_of(row: Row) -> Row:
    return {
        name: row[name] for name in ("state", "epoch", "amount", "finished_at", "gateway_reference", "executed_kind")
    }
