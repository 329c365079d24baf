"""What a run came to, as figures for pages: written once at its end, so that no page ever counts lines or matches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Sum

from orders.models import Discrepancy, LineType, ReconciliationRun, SettlementLine
from orders.models.discrepancy import WORTH

NEEDS_AN_ITEM = frozenset({LineType.CAPTURE, LineType.REFUND, LineType.CHARGEBACK, LineType.REVERSAL})
"""Lines of these types are movements; fees, payouts and conversions meet nothing of ours by themselves."""


def figures_of(run: ReconciliationRun, *, matches: Mapping[str, int]) -> dict[str, Any]:
    """The figures of a run: lines of its file by type and currency, matches by rule, discrepancies by type.

    {"lines": {type: {currency: {"lines", "gross", "fee", "net"}}}, "matches": {rule: count},
    "discrepancies": {type: {currency: {"count", "amount"}}}}; amounts are minor units (of
    discrepancies what they are worth), overlaps are left out.
    """
    lines = sums_by_type(run.file_id) if run.file_id is not None else {}
    return {
        "lines": lines,
        "matches": {rule: count for rule, count in matches.items() if count},
        "discrepancies": _discrepancies(run),
    }


def sums_by_type(file_id: int) -> dict[str, dict[str, dict[str, int]]]:
    """{type: {currency: {"lines", "gross", "fee", "net"}}} of a file's lines, overlaps left out; one pass."""
    rows = (
        SettlementLine.objects.filter(file_id=file_id, overlap=False)
        .order_by()
        .values_list("type", "currency")
        .annotate(Count("pk"), Sum("gross"), Sum("fee"), Sum("net"))
    )
    found: dict[str, dict[str, dict[str, int]]] = {}
    for kind, currency, *sums in rows:
        named = zip(("lines", "gross", "fee", "net"), map(int, sums), strict=True)
        found.setdefault(kind, {})[currency] = dict(named)
    return found


def _discrepancies(run: ReconciliationRun) -> dict[str, dict[str, dict[str, int]]]:
    rows = (
        Discrepancy.objects.filter(run=run)
        .order_by()
        .values_list("type", "currency")
        .annotate(count=Count("pk"), value=Sum(WORTH))
    )
    found: dict[str, dict[str, dict[str, int]]] = {}
    for kind, currency, count, worth in rows:
        found.setdefault(kind, {})[currency] = {"count": count, "amount": int(worth)}
    return found
