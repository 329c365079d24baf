"""Every field of gateway A's seeds 000 and 001 and what becomes of it; seed-coverage.md is made from this table."""

from __future__ import annotations

from dataclasses import dataclass

SENT, STORED, IGNORED = "sent", "stored", "ignored"
WHOLE = "whole answer"
"""Kept as Snapshot.raw or Movement.facts and in the attempt's transcript, with no column of its own."""


@dataclass(frozen=True, kw_only=True)
class SeedField:
    """`path` is dotted; `kept_as` names where it is sent from or stored; `shown` where staff see it."""

    part: str
    path: str
    treatment: str
    kept_as: str
    shown: str
    why: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


def seed_rows(part: str, treatment: str, shown: str, rows: str, *, under: str = "") -> list[SeedField]:
    """One row a line: path | kept as | remark. `under` stands before every path."""
    made = []
    for row in rows.strip().splitlines():
        path, kept_as, why = (*(cell.strip() for cell in row.split("|")), "", "")[:3]
        whole_path = under + path
        made.append(SeedField(part=part, path=whole_path, treatment=treatment, kept_as=kept_as, shown=shown, why=why))
    return made


_PAYMENT, _MODIFICATION, _RAW = "order page", "modification page", "raw conversation"

SEED_001 = [
    *seed_rows(
        "request header",
        SENT,
        _RAW,
        """
        Content-Type | always application/json
        Accept-Language | always en-US
        Origin | the dashboard's public address, from the door
        User-Agent | smartpay-dashboard and its version
        """,
    ),
    *seed_rows(
        "request body",
        SENT,
        _MODIFICATION,
        """
        transactionId | Instruction.transaction_reference
        modificationId | Instruction.modification_id | minted by us, the same at every attempt
        merchantKey | Instruction.merchant_key | masked to its last four characters wherever it is shown
        modifiedAmount | Instruction.amount | in every capture and refund: without it, everything would move
        modifiedAmount.amount | Instruction.amount | a JSON number with exactly two decimals
        modifiedAmount.currencyCode | Instruction.amount
        modifiedAmount.description | Instruction.description | on top where there is no amount
        customReferences | Instruction.custom_references | on every modification
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _PAYMENT,
        """
        reconciliationReferenceId | Snapshot.reconciliation_reference | shared with captures and cancels
        description | Snapshot.description
        paymentStatus | Snapshot.raw_status, Snapshot.state | an open list; unknown words are UNRECOGNISED
        creationDate | Snapshot.created_at | two formats, one parser
        lastStatusDate | Snapshot.status_at | an older one never overwrites a newer one
        partnerReference | Snapshot.partner_reference
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _PAYMENT,
        """
        transactionOverview | Snapshot
        transactionOverview.transactionId | Snapshot.transaction_reference, Facts.transaction_reference | never another
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _RAW,
        "transactionOverview.acquirerResponse | Facts.failure_text | of a new payment that failed",
    ),
    *seed_rows(
        "answer",
        STORED,
        _PAYMENT,
        """
        transactionOverview.amount | Snapshot.amount | the original amount, never taken for a modification's
        transactionOverview.currencyCode | Snapshot.amount
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _RAW,
        """
        transactionOverview.customReferences | whole answer
        transactionOverview.customReferences.custom1 | whole answer
        transactionOverview.customReferences.custom2 | whole answer
        transactionOverview.customReferences.custom3 | whole answer
        transactionOverview.customerAccountId | whole answer | masked in transcripts: it names a person
        transactionOverview.deal | Snapshot.deal
        transactionOverview.deal.amount | Deal.amount | all payments of one deal together stay within it
        transactionOverview.deal.dealReference | Deal.reference
        transactionOverview.deal.typeCode | Deal.type_code | 3RIPSS or 3RIDS
        transactionOverview.mit | whole answer
        """,
    ),
    *seed_rows("answer", STORED, _PAYMENT, "transactionOverview.paymentMethod | Snapshot.payment_method | open list"),
    *seed_rows(
        "answer",
        STORED,
        _RAW,
        """
        transactionOverview.paymentOrigin | whole answer
        transactionOverview.targetMerchantAccountReference | whole answer | a number in one example
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _PAYMENT,
        "transactionReference | Snapshot.payment_reference, Facts.payment_reference | in two places",
    ),
    *seed_rows(
        "answer",
        STORED,
        _MODIFICATION,
        """
        modification | Movement, Facts | object, array or `modifications`
        modification.creationDate | Movement.at | when there is no lastStatusDate
        modification.error | Facts.failure_code, Facts.failure_text | declined, unless the status says done
        modification.error.error | Facts.failure_code | an open list
        modification.error.errorDetails | Facts.failure_text
        modification.error.errorDetails.context | whole answer
        modification.error.errorDetails.gatewayDescription | Facts.failure_text
        modification.error.errorDetails.paymentProviderDescription | Facts.failure_text
        modification.lastStatusDate | Facts.at, Movement.at
        modification.modificationAmount | Facts.amount, Movement.amount | the only source of a modification's amount
        modification.modificationAmount.amount | Facts.amount, Movement.amount | number or text, never a bool or float
        modification.modificationAmount.currencyCode | Facts.amount, Movement.amount
        modification.modificationAmount.description | whole answer
        modification.modificationData | Facts, Movement
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _MODIFICATION,
        """
        cancelId | Facts.gateway_id, Movement.gateway_id
        captureId | Facts.gateway_id, Movement.gateway_id
        customReferences | whole answer
        customReferences.custom1 | whole answer
        customReferences.custom2 | whole answer
        customReferences.custom3 | whole answer
        modificationId | Facts.modification_id, Movement.modification_id | the only proof of whose it is
        paymentSplitResults | Facts.legs
        paymentSplitResults.destinationReference | Facts.legs
        paymentSplitResults.error | Facts.legs
        paymentSplitResults.splitUniqueReference | Facts.legs
        paymentSplitResults.status | Facts.legs | 0000 and SUCCESS are well, all else failed
        programRefundErrorMessage | Facts.legs
        programRefundId | Facts.legs
        programRefundStatus | Facts.legs
        reconciliationReferenceId | Facts.reference, Movement.reference
        refundId | Facts.gateway_id, Movement.gateway_id
        type | Facts.executed_kind, Movement.type | both spellings of a cancel
        """,
        under="modification.modificationData.",
    ),
    *seed_rows("answer", STORED, _MODIFICATION, "modification.status | Facts.raw_status, Movement.raw_status"),
    *seed_rows(
        "answer",
        STORED,
        _RAW,
        """
        modification.statusHistory | whole answer | the latest status alone decides
        modification.statusHistory.error | whole answer
        modification.statusHistory.modificationAmount | whole answer
        modification.statusHistory.modificationAmount.option | whole answer
        modification.statusHistory.modificationAmount.storedPaymentOptionReference | whole answer
        modification.statusHistory.modificationAmount.amount | whole answer
        modification.statusHistory.modificationAmount.currencyCode | whole answer
        modification.statusHistory.modificationAmount.description | whole answer
        modification.statusHistory.status | whole answer
        modification.statusHistory.statusDate | whole answer
        """,
    ),
]

SEED_000 = [
    *seed_rows(
        "request",
        SENT,
        _MODIFICATION,
        """
        modificationId | Instruction.modification_id | one per modification; a repeat sends the very same bytes
        capture amount | Instruction.amount | above zero, at most what was authorized
        cancel | Kind.CANCEL | without an amount; only while authorized
        cancelOrRefund | Kind.CANCEL_OR_REFUND | without an amount; always everything
        refund amount | Instruction.amount | as often as wanted until what was captured is used up
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _PAYMENT,
        """
        original response of a repeat | Facts | it may be older than what we know and settles only its own modification
        status AUTHORIZED | TransactionState.AUTHORIZED | the same as AUTHORIZATION_COMPLETED
        status CAPTURED | TransactionState.CAPTURED
        status SETTLED | TransactionState.SETTLED
        remainder released by a partial capture | Capability.releases_remainder
        expiry of an authorization | Capability.authorization_days | typically five days; the account may say otherwise
        auto-capture | Capability.auto_capture | a property of the account
        payment options without authorization | Capability.methods_without_capture | closed with that sentence
        added, reordered and renamed fields | whole answer | unknown fields are kept, missing optional ones tolerated
        """,
    ),
    *seed_rows(
        "prose",
        IGNORED,
        "not shown",
        """
        status page of the vendor | | its notices are for people, there is nothing to call
        document version and date | | the two dates contradict each other and change nothing
        """,
    ),
]
