"""Hypotheses about the cause of a discrepancy: pure functions over a `Case`, tested in a fixed order for each type.

All of a type's are tested, and all are kept; the cause is the one that holds with the highest confidence, and of equals
the one tested first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orders.models import Cause
from orders.models import DiscrepancyType as T
from orders.reconciliation.discrepancies.case import Case
from orders.reconciliation.discrepancies.hypotheses import missing, named, strangers, sums
from orders.reconciliation.discrepancies.hypotheses.words import Finding, Hypothesis

__all__ = ["ORDER", "Finding", "Hypothesis", "every_finding", "likeliest"]

ORDER: Mapping[str, Sequence[Hypothesis]] = {
    T.OURS_NOT_THEIRS: (
        missing.not_due,
        missing.alike,
        missing.wrong_reference,
        missing.file_missing,
        missing.line_missing,
    ),
    T.THEIRS_NOT_OURS: (
        strangers.other_account,
        strangers.chargeback,
        strangers.missed_news,
        strangers.wrong_reference,
        strangers.portal_action,
        strangers.unknown_payment,
    ),
    T.AMOUNT: (sums.rounding, sums.failed_leg, sums.fee_deducted, sums.partial, sums.amount_changed),
    T.CURRENCY: (sums.wrong_currency, sums.converted),
    T.KIND: (sums.wrong_kind, sums.another_deed),
    T.DUPLICATE: (named.executed_twice, named.duplicate_line),
    T.FEE: (sums.fee_rounding, sums.fee_rate),
    T.LATE: (named.gateway_late,),
    T.CHARGEBACK_AFTER_REFUND: (named.charged_back_after_refund,),
    T.SETTLED_THOUGH_FAILED: (named.executed_after_failure, named.done_by_hand),
    T.SPLIT_LEG_FAILED: (named.split_leg_failed,),
    T.REMAINDER: (named.rest_not_released, named.copy_is_old),
    T.AMBIGUOUS: (named.alike,),
}


def every_finding(case: Case) -> list[Finding]:
    """Every hypothesis of the type, in its order."""
    return [hypothesis(case) for hypothesis in ORDER.get(case.type, ())]


def likeliest(findings: Sequence[Finding]) -> Finding:
    """What holds with the highest confidence; of equals the first."""
    holding = [finding for finding in findings if finding.holds]
    if not holding:
        return Finding(cause=Cause.UNEXPLAINED, holds=True, confidence=0, sentence="No hypothesis holds; look into it.")
    return max(holding, key=lambda finding: finding.confidence)
