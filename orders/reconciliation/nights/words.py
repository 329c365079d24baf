"""The steps of each errand in the order they are done, and how pages call them."""

from __future__ import annotations

STEPS = {
    "refresh": "Read from the gateway",
    "collect": "Collected",
    "drift": "Drift",
    "match": "Matched",
    "expectations": "Expected",
    "remainder": "Rests and legs",
    "causes": "Likely causes",
    "balance": "Balance",
}
"""Of an account's night."""
BOOKS_STEPS = {"invariants": "Invariants", "chain": "Audit log"}
REPORT_STEPS = {"expiring": "Ending soon", "figures": "Answer", "letter": "Letter"}
