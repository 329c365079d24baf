"""Plain builders of settlement files, lines, runs, matches and discrepancies: say what matters, not the rest."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    ExternalMovement,
    FileState,
    GatewayAccount,
    LineType,
    Match,
    Modification,
    ModificationState,
    ProfileState,
    ReconciliationRun,
    Rule,
    RunKind,
    RunStage,
    RunState,
    SettlementFile,
    SettlementLine,
    SettlementProfile,
    Transaction,
)
from tests.factories import a_captured_transaction, a_person, an_account

_numbers = itertools.count(1)
BOOKED = date(2026, 11, 20)


def a_profile(account: GatewayAccount | None = None, **fields: Any) -> SettlementProfile:
    """An active profile without a mapping; tolerance 0."""
    now = timezone.now()
    values = {"name": f"profile {next(_numbers)}", "state": ProfileState.ACTIVE, "made_at": now, **fields}
    if values["state"] == ProfileState.ACTIVE:
        values.setdefault("activated_at", now)
    return SettlementProfile.objects.create(account=account or an_account(), **values)


def a_file(
    account: GatewayAccount | None = None, *, state: FileState = FileState.APPLIED, **fields: Any
) -> SettlementFile:
    """An applied file of 20 November without lines."""
    number = next(_numbers)
    account = account or an_account()
    values = {
        "name": f"settlement-{number}.csv",
        "business_date": BOOKED,
        "sha256": hashlib.sha256(f"file {number}".encode()).hexdigest(),
        "size": 1000,
        "source": "page",
        "received_at": timezone.now(),
        **fields,
    }
    if state in (FileState.APPLIED, FileState.REPLACED):
        values.setdefault("applied_at", timezone.now())
    if state == FileState.REFUSED:
        values.setdefault("problem", "Line 3 has no amount. Nothing of the file was applied.")
    return SettlementFile.objects.create(merchant_id=account.merchant_id, account=account, state=state, **values)


def a_line(file: SettlementFile | None = None, **fields: Any) -> SettlementLine:
    """A capture of 100.00 EUR with a fee of 1.50; `net` follows from gross and fee."""
    file = file or a_file()
    number = next(_numbers)
    values = {
        "number": number,
        "identity": uuid.uuid4(),
        "type": LineType.CAPTURE,
        "gross": 10_000,
        "fee": 150,
        "currency": "EUR",
        "booked_on": file.business_date or BOOKED,
        "reference": f"rec-{number}",
        **fields,
    }
    values.setdefault("net", values["gross"] - values["fee"])
    return SettlementLine.objects.create(account_id=file.account_id, file=file, **values)


def a_run(
    account: GatewayAccount | None = None, *, file: SettlementFile | None = None, **fields: Any
) -> ReconciliationRun:
    """An applied run that is done: of the file, or a night's."""
    if account is None:
        account = file.account if file is not None else an_account()
    now = timezone.now()
    values = {
        "kind": RunKind.FILE if file is not None else RunKind.NIGHT,
        "business_date": (file.business_date if file is not None else None) or BOOKED,
        "state": RunState.APPLIED,
        "stage": RunStage.DONE,
        "started_at": now - timedelta(seconds=5),
        **fields,
    }
    if values["state"] != RunState.RUNNING:
        values.setdefault("finished_at", now)
    return ReconciliationRun.objects.create(merchant_id=account.merchant_id, account=account, file=file, **values)


def a_modification_of(
    transaction: Transaction | None = None,
    *,
    kind: str = "capture",
    amount: int = 10_000,
    state: ModificationState = ModificationState.SUCCEEDED,
    by: User | None = None,
    **fields: Any,
) -> Modification:
    """Written straight into the books, with a reference and a gateway id; the transaction's sums are left alone."""
    transaction = transaction or a_captured_transaction(captured=amount)
    now = timezone.now()
    number = next(_numbers)
    values: dict[str, Any] = {
        "currency": transaction.currency,
        "requested_at": now - timedelta(minutes=5),
        "source": "page",
        "method": "POST",
        "base_url": transaction.account.base_url,
        "path": "/",
        "body": b"{}",
        "body_sha256": hashlib.sha256(b"{}").hexdigest(),
        **fields,
    }
    if state == ModificationState.SUCCEEDED:
        values.setdefault("gateway_reference", f"rec-of-{number}")
        values.setdefault("gateway_id", f"gw-{number}")
        values.setdefault("gateway_at", now)
    if state in (ModificationState.SUCCEEDED, ModificationState.FAILED, ModificationState.WITHDRAWN):
        values.setdefault("finished_at", now)
    else:
        values.setdefault("due_at", now)
    if state in (ModificationState.UNKNOWN, ModificationState.REVIEW):
        values.setdefault("doubt_since", now)
    if state == ModificationState.IN_FLIGHT:
        values.setdefault("lease_until", now + timedelta(minutes=2))
    if kind in ("refund", "void"):
        values.setdefault("capture", transaction.captures.first())
    return Modification.objects.create(
        merchant_id=transaction.merchant_id,
        account_id=transaction.account_id,
        transaction=transaction,
        kind=kind,
        amount=amount,
        state=state,
        requested_by=by or a_person(merchants=[transaction.merchant]),
        **values,
    )


def a_movement(
    transaction: Transaction | None = None, *, kind: str = "refund", amount: int = 2_500, **fields: Any
) -> ExternalMovement:
    """Money that moved at the gateway without our asking, booked unless told otherwise."""
    transaction = transaction or a_captured_transaction()
    number = next(_numbers)
    values = {
        "currency": transaction.currency,
        "key": f"movement-{number}",
        "gateway_reference": f"ext-{number}",
        "source": "gateway",
        "moved_at": timezone.now(),
        "seen_at": timezone.now(),
        "booked": True,
        **fields,
    }
    return ExternalMovement.objects.create(
        account_id=transaction.account_id, transaction=transaction, kind=kind, amount=amount, **values
    )


def a_match(
    line: SettlementLine,
    *,
    modification: Modification | None = None,
    movement: ExternalMovement | None = None,
    run: ReconciliationRun | None = None,
    **fields: Any,
) -> Match:
    """Of the line with a modification or a movement; a capture of the line's gross is made where neither is given."""
    if modification is None and movement is None:
        transaction = a_captured_transaction(account=line.account, captured=abs(line.gross) or 10_000)
        modification = a_modification_of(
            transaction, amount=abs(line.gross) or 10_000, gateway_reference=line.reference
        )
    side = modification or movement
    assert side is not None
    values = {"rule": Rule.REFERENCE, "amount": abs(line.gross), **fields}
    return Match.objects.create(
        account_id=line.account_id,
        run=run or a_run(file=line.file),
        line=line,
        modification=modification,
        movement=movement,
        transaction_id=side.transaction_id,
        **values,
    )


def a_discrepancy(
    account: GatewayAccount | None = None,
    *,
    line: SettlementLine | None = None,
    type: DiscrepancyType = DiscrepancyType.THEIRS_NOT_OURS,
    state: DiscrepancyState = DiscrepancyState.OPEN,
    **fields: Any,
) -> Discrepancy:
    """An open one of 100.00 EUR since 20 November; about the line where one is given."""
    if account is None:
        account = line.account if line is not None else an_account()
    now = timezone.now()
    occurred = fields.get("occurred_on", line.booked_on if line is not None else BOOKED)
    values = {
        "key": f"line:{line.identity}" if line is not None else f"item:{uuid.uuid4()}",
        "reference": line.reference if line is not None else "",
        "amount": abs(line.gross) if line is not None else 10_000,
        "difference": line.gross if line is not None else fields.get("amount", 10_000),
        "currency": line.currency if line is not None else "EUR",
        "sentence": "The gateway lists this, and our books hold nothing like it.",
        "occurred_on": occurred,
        "month": occurred.replace(day=1),
        "opened_at": now,
        **fields,
    }
    if state not in (DiscrepancyState.OPEN, DiscrepancyState.WAITING):
        values.setdefault("closed_at", now)
        values.setdefault("resolution", "It was looked into.")
    return Discrepancy.objects.create(
        merchant_id=account.merchant_id, account=account, line=line, type=type, state=state, **values
    )


def lines_of(file: SettlementFile, count: int, **fields: Any) -> Sequence[SettlementLine]:
    """So many lines alike, numbered from 2 as below a header."""
    return [a_line(file, number=number, **fields) for number in range(2, count + 2)]
