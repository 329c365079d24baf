"""Settlement files in the built-in form, written line by line and brought in."""

from __future__ import annotations

from datetime import date
from typing import Any

from orders.models import GatewayAccount, ReconciliationRun, SettlementFile, Source
from orders.reconciliation.files.receiving import Received, receive
from orders.reconciliation.runs import work_on

HEADER = (
    "reconciliationReferenceId,transactionId,partnerReference,type,grossAmount,fee,netAmount,currencyCode,"
    "bookingDate,payoutReference"
)
DAY = date(2026, 11, 20)


def line(
    reference: str, gross: str, *, type: str = "capture", fee: str = "0.00", day: date = DAY, payout: str = ""
) -> str:
    """One line; `net` follows."""
    net = f"{float(gross) - float(fee):.2f}"
    return f"{reference},T-{reference},,{type},{gross},{fee},{net},EUR,{day},{payout}"


def paper(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def bring(account: GatewayAccount, content: bytes, *, name: str = "settlement.csv", **given: Any) -> Received:
    """Hand a file in, in one piece."""
    return receive(account, name=name, chunks=[content], by=None, source=Source.COMMAND, **given)


def bring_and_work(account: GatewayAccount, *lines: str, **given: Any) -> tuple[SettlementFile, ReconciliationRun]:
    """Hand a file of these lines in and work it off."""
    file = bring(account, paper(*lines), **given).file
    run = work_on(file.pk)
    assert run is not None
    file.refresh_from_db()
    return file, run
