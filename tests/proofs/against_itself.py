"""Our books against themselves: reservations, ceilings, captures, events, and no secret anywhere."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tests.proofs.records import FINISHED, Row

RESERVED_IN = {"capturing": ("capture",), "refunding": ("refund", "void")}
"""The column that holds what open modifications of these kinds ask for."""


def reservations(books: dict[str, list[Row]]) -> list[str]:
    """I8: reserved is exactly what open modifications ask for; the slot is taken by exactly one open cancellation."""
    open_of: dict[int, list[Row]] = defaultdict(list)
    for row in books["modifications"]:
        if row["state"] not in FINISHED:
            open_of[row["transaction_id"]].append(row)
    found = []
    for transaction in books["transactions"]:
        rows = open_of[transaction["id"]]
        for column, kinds in RESERVED_IN.items():
            asked = sum(row["amount"] for row in rows if row["kind"] in kinds)
            if asked != transaction[column]:
                found.append(
                    f"Transaction {transaction['reference']}: {column} is {transaction[column]}, open ask {asked} (I8)."
                )
        alone = [row["id"] for row in rows if row["kind"] in ("cancel", "cancel_or_refund")]
        if alone != [one for one in [transaction["exclusive_modification"]] if one]:
            found.append(f"Transaction {transaction['reference']}: its slot and its open cancellations differ (I8).")
        doubtful = sum(row["state"] in ("unknown", "review") for row in rows)
        if doubtful > transaction["unknown_count"]:
            found.append(
                f"Transaction {transaction['reference']}: {doubtful} in doubt, {transaction['unknown_count']} counted."
            )
    return found


def ceilings(transactions: Sequence[Row]) -> list[str]:
    """I7, on our side, at this instant."""
    return [
        f"Transaction {row['reference']}: more moved or reserved than there is (I7)."
        for row in transactions
        if row["captured"] + row["capturing"] + row["released"] > row["authorized"]
        or row["refunded"] + row["refunding"] > row["captured"]
    ]


def captures(books: dict[str, list[Row]]) -> list[str]:
    """I9: the captures add up to what their transaction says."""
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    for row in books["captures"]:
        sums[row["transaction_id"]].update(
            {"captured": row["amount"], "refunded": row["refunded"], "refunding": row["refunding"]}
        )
    return [
        f"Transaction {row['reference']}: its captures say {sums[row['id']][name]} {name}, it says {row[name]} (I9)."
        for row in books["transactions"]
        for name in ("captured", "refunded", "refunding")
        if sums[row["id"]][name] != row[name]
    ]


def plans(books: dict[str, list[Row]]) -> list[str]:
    """A refund plan's legs have the ids that follow from its own, each once, and never ask for more than it does."""
    legs: dict[str, list[Row]] = defaultdict(list)
    for row in books["modifications"]:
        if row["plan_id"]:
            legs[row["plan_id"]].append(row)
    found = []
    for plan in books["plans"]:
        rows = legs[plan["id"]]
        expected = {str(uuid.uuid5(uuid.UUID(plan["id"]), str(number))) for number in range(1, len(rows) + 1)}
        if {row["id"] for row in rows} != expected:
            found.append(f"{plan['id']}: its legs have other ids than follow from the plan (I3).")
        moving = sum(row["amount"] for row in rows if row["state"] not in ("failed", "withdrawn"))
        if moving > plan["amount"]:
            found.append(f"{plan['id']}: its legs ask for {moving}, the plan for {plan['amount']} (I7).")
    return found


def events(books: dict[str, list[Row]]) -> list[str]:
    """I16: the beginning and the end of everything stand in the audit log."""
    verbs: dict[str, set[str]] = defaultdict(set)
    for event in books["events"]:
        verbs[event["modification_id"] or ""].add(event["verb"])
    found = []
    for row in books["modifications"]:
        wanted = {f"{row['kind']}.requested"} | (
            {f"{row['kind']}.{row['state']}"} & {f"{row['kind']}.{end}" for end in FINISHED}
        )
        found += [f"{row['id']}: no event {verb} (I16)." for verb in sorted(wanted - verbs[row["id"]])]
    return found


def leaks(secrets: Iterable[str], texts: Sequence[str]) -> list[str]:
    """I22: no secret in logs, messages, attempts or events."""
    whole = "\n".join(texts)
    return [
        f"A secret ({secret[:3]}…) stands in a log, a message, an attempt or an event (I22)."
        for secret in secrets
        if secret in whole
    ]
