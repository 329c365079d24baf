"""The mappings we know: the sandbox's file, and examples for the shapes that gateways and banks like to send."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orders.models.settlement import LineType
from orders.reconciliation.files.choices import DateForm, DecimalMark, Delimiter, Layout, Signs, ThousandsMark
from orders.reconciliation.files.mapping import Mapping, Source, Trailer, TypeWord
from orders.reconciliation.files.plain import BadMapping

__all__ = ["EXAMPLES", "SANDBOX_MAPPING", "BadMapping", "Example", "Mapping", "Source", "Trailer", "TypeWord"]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A mapping to start from."""

    title: str
    what: str
    mapping: Mapping


def one(meaning: LineType) -> TypeWord:
    """A word that means the same whatever the sign."""
    return TypeWord(positive=meaning.value, negative=meaning.value)


def by_sign(positive: LineType, negative: LineType) -> TypeWord:
    """A word that serves for two things, told apart by the sign of the amount."""
    return TypeWord(positive=positive.value, negative=negative.value)


_WORDS = {
    "capture": one(LineType.CAPTURE),
    "settlement": one(LineType.CAPTURE),
    "refund": one(LineType.REFUND),
    "chargeback": one(LineType.CHARGEBACK),
    "chargeback_reversal": one(LineType.REVERSAL),
    "reversal": one(LineType.REVERSAL),
    "fee": one(LineType.FEE),
    "fx": one(LineType.FX),
    "payout": one(LineType.PAYOUT),
    "adjustment": one(LineType.ADJUSTMENT),
}

SANDBOX_MAPPING = Mapping(
    columns={
        "reference": Source(column="reconciliationReferenceId"),
        "transaction_reference": Source(column="transactionId"),
        "custom_reference": Source(column="customReference", or_column="partnerReference", optional=True),
        "type": Source(column="type"),
        "gross": Source(column="grossAmount"),
        "fee": Source(column="fee"),
        "net": Source(column="netAmount"),
        "currency": Source(column="currencyCode"),
        "booked_on": Source(column="bookingDate"),
        "payout_reference": Source(column="payoutReference"),
        "gateway_id": Source(column="gatewayId", optional=True),
    },
    types=_WORDS,
    decimal_mark=DecimalMark.POINT.value,
)
"""The file of `/_settlement`, as gateways.md assumes it of gateway A."""

_SEMICOLON = replace(
    SANDBOX_MAPPING,
    delimiter=Delimiter.SEMICOLON.value,
    decimal_mark=DecimalMark.COMMA.value,
    thousands_mark=ThousandsMark.POINT.value,
    date_form=DateForm.DAY_FIRST.value,
)

_DEBIT_CREDIT = Mapping(
    columns={
        "booked_on": Source(column="Booking date"),
        "type": Source(column="Transaction"),
        "gross": Source(column="Amount"),
        "debit_credit": Source(column="D/C"),
        "currency": Source(column="Currency"),
        "reference": Source(column="Reference"),
        "text": Source(column="Description", optional=True),
    },
    types={
        "payment": by_sign(LineType.CAPTURE, LineType.REFUND),
        "dispute": by_sign(LineType.REVERSAL, LineType.CHARGEBACK),
        "fee": one(LineType.FEE),
        "payout": one(LineType.PAYOUT),
    },
    signs=Signs.BY_MARKER.value,
    date_form=DateForm.DAY_FIRST.value,
    decimal_mark=DecimalMark.POINT.value,
    thousands_mark=ThousandsMark.COMMA.value,
)

_PAYOUTS = Mapping(
    layout=Layout.PAYOUTS.value,
    columns={
        "payout_reference": Source(column="payoutReference"),
        "booked_on": Source(column="payoutDate"),
        "gross": Source(column="grossAmount", optional=True),
        "fee": Source(column="fees", optional=True),
        "net": Source(column="netAmount"),
        "currency": Source(column="currencyCode"),
    },
    payout_sign="positive",
    decimal_mark=DecimalMark.POINT.value,
)

EXAMPLES: dict[str, Example] = {
    "sandbox": Example(
        title="Gateway file",
        what="One line per movement with gross, fee and net; the columns our sandbox writes.",
        mapping=SANDBOX_MAPPING,
    ),
    "semicolon": Example(
        title="Gateway file, decimal comma",
        what="The same columns with semicolons, 1.234,50 and 20.11.2026, as spreadsheets save it in much of Europe.",
        mapping=_SEMICOLON,
    ),
    "trailer": Example(
        title="Gateway file with a trailer",
        what="The same columns, closed by a TRAILER row for each currency: number of lines, sums of gross and net.",
        mapping=replace(
            SANDBOX_MAPPING,
            trailer=Trailer(marker="TRAILER", count_at=2, gross_at=5, net_at=7, currency_at=8),
        ),
    ),
    "debit_credit": Example(
        title="Statement with debit and credit",
        what="Amounts without signs, a D/C column beside them, one word for payments and refunds.",
        mapping=_DEBIT_CREDIT,
    ),
    "payouts": Example(
        title="One line per payout",
        what="What reached the bank account: reference, date, amount and currency.",
        mapping=_PAYOUTS,
    ),
}
