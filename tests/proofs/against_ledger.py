"""Our books against the gateway's ledger: what was executed, which bytes arrived, and whether the sums agree."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tests.proofs.records import FINISHED, Row

DONE = frozenset({"CAPTURED", "CANCELLED", "REFUNDED"})
KINDS = {
    "capture": "capture",
    "cancel": "cancel",
    "cancel_or_refund": "cancelOrRefund",
    "refund": "refund",
    "void": "void",
}
"""Our word for a kind, and the ledger's."""
WRITES = frozenset({"POST", "PUT"})
COLUMNS = {"capture": "captured", "cancel": "released", "refund": "refunded", "void": "refunded"}
MONEY = ("authorized", "captured", "released", "refunded")


def one_row_each(accepted: set[str], rows: Sequence[Row], plans: Sequence[Row] = ()) -> list[str]:
    """I1: what was accepted stands in the books, and nothing else does. The legs of a refund plan stand for its id."""
    ours = {row["id"] for row in rows if not row.get("plan_id")} | {plan["id"] for plan in plans}
    lost = [f"{one}: was accepted and is not in the books: lost (I1)." for one in sorted(accepted - ours)]
    return lost + [f"{one}: stands in the books and nobody asked for it (I1)." for one in sorted(ours - accepted)]


def executions(rows: Sequence[Row], executions: Sequence[Row]) -> list[str]:
    """I2 to I5: no strangers, none twice, success exactly when the gateway did exactly that."""
    ours = {row["id"]: row for row in rows}
    of_api = [execution for execution in executions if execution["origin"] == "api"]
    done = {execution["modificationId"].lower(): execution for execution in of_api if execution["status"] in DONE}
    counts = Counter(execution["modificationId"].lower() for execution in of_api)
    found = [
        f"{one}: the gateway executed it and we know nothing of it (I2)." for one in sorted(counts.keys() - ours.keys())
    ]
    found += [f"{one}: the gateway executed it {count} times (I3)." for one, count in counts.items() if count > 1]
    for row in rows:
        found += _end_against_ledger(row, done.get(row["id"]))
    return found


def _end_against_ledger(row: Row, done: Row | None) -> list[str]:
    if row["state"] == "succeeded" and done is None:
        return [f"{row['id']}: we say succeeded and the gateway did nothing (I4)."]
    if row["state"] in ("failed", "withdrawn") and done is not None:
        return [f"{row['id']}: we say {row['state']} and the gateway moved money (I5)."]
    if row["state"] != "succeeded" or done is None:
        return []
    same = {
        "amount": (row["amount"], done["amount"]),
        "currency": (row["currency"], done["currency"]),
        "transaction": (row["reference"], done["transactionId"]),
        "kind": (KINDS[row["kind"]], done["kind"]),
        "reference": (row["gateway_reference"], done["reconciliationReferenceId"]),
    }
    return [
        f"{row['id']}: {name} is {ours} with us and {theirs} there (I4)."
        for name, (ours, theirs) in same.items()
        if ours != theirs
    ]


def bytes_sent(rows: Sequence[Row], requests: Sequence[Row]) -> list[str]:
    """I6: what was frozen was sent, every time the same."""
    ours = {row["id"]: row for row in rows}
    found = [
        f"{row['id']}: the frozen bytes do not match their hash (I6)."
        for row in rows
        if hashlib.sha256(row["body"]).hexdigest() != row["body_sha256"]
    ]
    for request in _sends(requests):
        row = ours.get(request["modificationId"].lower())
        if row is None:
            found.append(f"{request['modificationId']}: was sent and is not in the books (I2).")
        elif request["bodySha256"] != row["body_sha256"] or not request["path"].endswith(row["path"]):
            found.append(f"{row['id']}: other bytes than the frozen ones were sent (I6).")
    return found


def attempts(books: dict[str, list[Row]], requests: Sequence[Row]) -> list[str]:
    """I11 and I12: an epoch acts once, and nothing is sent that was not written down before."""
    epochs = {row["id"]: row["epoch"] for row in books["modifications"]}
    sends: Counter[str] = Counter()
    seen: Counter[tuple[str, int, str]] = Counter()
    for attempt in books["attempts"]:
        seen[(attempt["modification_id"], attempt["epoch"], attempt["purpose"])] += 1
        sends[attempt["modification_id"]] += attempt["purpose"] == "send"
    arrived = Counter(request["modificationId"].lower() for request in _sends(requests))
    found = [f"{one}: epoch {epoch} acted twice (I11)." for (one, epoch, _), count in seen.items() if count > 1]
    found += [
        f"{one}: an attempt has epoch {epoch}, the row {epochs[one]} (I11)."
        for one, epoch, _ in seen
        if epoch > epochs[one]
    ]
    return found + [
        f"{one}: {count} requests arrived and {sends[one]} sends were written down (I12)."
        for one, count in arrived.items()
        if count > sends[one]
    ]


def _sends(requests: Sequence[Row]) -> list[Row]:
    return [request for request in requests if request["method"] in WRITES and request["modificationId"]]


def owed(rows: Sequence[Row], executions: Sequence[Row]) -> dict[str, Counter[str]]:
    """What the gateway did for modifications whose end is not known here yet, for each transaction and column."""
    still_open = {row["id"] for row in rows if row["state"] not in FINISHED}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for execution in executions:
        column = COLUMNS.get(execution["kind"])
        done = execution["origin"] == "api" and execution["status"] in DONE
        if column and done and execution["modificationId"].lower() in still_open:
            found[execution["transactionId"]][column] += execution["amount"]
    return found


def sums(ours: Sequence[Row], theirs: Sequence[Row], unsettled: Mapping[str, Counter[str]] | None = None) -> list[str]:
    """I7 and I9: both books say the same of every transaction; a frozen one waits for people and may differ.

    `unsettled` is what the gateway did and we cannot know: reserved with us, moved there. Where there is such a thing
    the gateway may also have released what a capture left.
    """
    found = []
    known = {row["transactionId"]: row for row in theirs}
    for row in ours:
        there = known.get(row["reference"])
        if there is None or row["frozen_reason"]:
            continue
        more = (unsettled or {}).get(row["reference"], Counter())
        for name in MONEY:
            may_differ = name == "released" and more["captured"] and row[name] <= there[name]
            if row[name] + more[name] != there[name] and not may_differ:
                found.append(
                    f"Transaction {row['reference']}: {name} is {row[name]} with us and {there[name]} there (I9)."
                )
    for there in theirs:
        if there["captured"] > there["authorized"] or there["refunded"] > there["captured"]:
            found.append(f"Transaction {there['transactionId']}: the gateway moved more than there was (I7).")
    return found
