"""Lawful rows of the settlement tables, written past every verb: what the database itself referees is tried on them."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, date, datetime
from typing import Any

from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    Drift,
    FileState,
    GatewayAccount,
    JobRun,
    JobState,
    LineType,
    Match,
    MonthClose,
    MonthState,
    ProfileState,
    ReconciliationRun,
    Rule,
    RunKind,
    RunState,
    SettlementBadLine,
    SettlementFile,
    SettlementFilePart,
    SettlementLine,
    SettlementProfile,
    SettlementTerms,
)
from tests import factories

AT = datetime(2026, 10, 15, 12, tzinfo=UTC)
DAY = date(2026, 10, 15)
MONTH, UNTIL = date(2026, 10, 1), date(2026, 11, 1)
_numbers = itertools.count(1)


def terms(**fields: Any) -> SettlementTerms:
    return SettlementTerms.objects.create(
        **{"account": factories.an_account(), "drop_folder": f"drop-{next(_numbers)}", **fields}
    )


def profile(**fields: Any) -> SettlementProfile:
    values = {"account": fields.get("account") or factories.an_account(), "name": "daily", "made_at": AT}
    return SettlementProfile.objects.create(**{**values, **fields})


def active_profile() -> SettlementProfile:
    return profile(state=ProfileState.ACTIVE, activated_at=AT)


def file(*, account: GatewayAccount | None = None, **fields: Any) -> SettlementFile:
    account = account or factories.an_account()
    values = {
        "name": "settlement.csv",
        "business_date": DAY,
        "sha256": uuid.uuid4().hex * 2,
        "state": FileState.APPLIED,
        "source": "command",
        "received_at": AT,
        "applied_at": AT,
    }
    return SettlementFile.objects.create(merchant_id=account.merchant_id, account=account, **{**values, **fields})


def refused_file() -> SettlementFile:
    return file(state=FileState.REFUSED, problem="The file is cut off.", applied_at=None)


def part(**fields: Any) -> SettlementFilePart:
    return SettlementFilePart.objects.create(
        **{"file": fields.get("file") or file(), "number": 1, "content": b"bytes", **fields}
    )


def bad_line() -> SettlementBadLine:
    return SettlementBadLine.objects.create(file=refused_file(), number=7, reason="No amount.", text=";;;")


def line(*, of: SettlementFile | None = None, **fields: Any) -> SettlementLine:
    of = of or file()
    values = {
        "number": next(_numbers),
        "identity": uuid.uuid4(),
        "type": LineType.CAPTURE,
        "gross": 10_000,
        "net": 10_000,
        "currency": "EUR",
        "booked_on": DAY,
    }
    return SettlementLine.objects.create(account_id=of.account_id, file=of, **{**values, **fields})


def run(*, account: GatewayAccount | None = None, **fields: Any) -> ReconciliationRun:
    account = account or factories.an_account()
    values = {"kind": RunKind.FILE, "business_date": DAY, "state": RunState.APPLIED, "started_at": AT}
    return ReconciliationRun.objects.create(merchant_id=account.merchant_id, account=account, **{**values, **fields})


def match(**fields: Any) -> Match:
    """A line met the movement of a portal; nothing else hangs on it."""
    transaction = factories.a_transaction()
    movement = transaction.external_movements.create(
        account=transaction.account,
        kind="capture",
        amount=10_000,
        currency="EUR",
        key=f"key-{next(_numbers)}",
        source="gateway",
        seen_at=AT,
        booked=True,
    )
    values = {
        "account": transaction.account,
        "run": run(account=transaction.account),
        "line": line(of=file(account=transaction.account)),
        "movement": movement,
        "transaction": transaction,
        "rule": Rule.REFERENCE,
        "amount": 10_000,
    }
    return Match.objects.create(**{**values, **fields})


def discrepancy(*, account: GatewayAccount | None = None, **fields: Any) -> Discrepancy:
    account = account or factories.an_account()
    values = {
        "key": f"line:{uuid.uuid4()}",
        "type": "theirs_not_ours",
        "amount": 5_000,
        "difference": 5_000,
        "currency": "EUR",
        "sentence": "A line without a movement of ours.",
        "occurred_on": DAY,
        "month": MONTH,
        "opened_at": AT,
    }
    return Discrepancy.objects.create(merchant_id=account.merchant_id, account=account, **{**values, **fields})


def entry(**fields: Any) -> DiscrepancyEntry:
    values = {"discrepancy": fields.get("discrepancy") or discrepancy(), "at": AT, "verb": "opened"}
    return DiscrepancyEntry.objects.create(**{**values, **fields})


def night(**fields: Any) -> JobRun:
    values = {
        "job": "night",
        "subject": f"account:{next(_numbers)}",
        "business_date": DAY,
        "lease_until": AT,
        "started_at": AT,
    }
    return JobRun.objects.create(**{**values, **fields})


def done_night() -> JobRun:
    return night(state=JobState.DONE, finished_at=AT)


def drift(**fields: Any) -> Drift:
    transaction = factories.a_transaction()
    values = {"account": transaction.account, "merchant": transaction.merchant, "transaction": transaction}
    return Drift.objects.create(**{**values, "field": "captured", "seen_at": AT, "last_seen_at": AT, **fields})


def signed_month(*, account: GatewayAccount | None = None, **fields: Any) -> MonthClose:
    account = account or factories.an_account()
    values = {
        "month": MONTH,
        "until": UNTIL,
        "state": MonthState.PROPOSED,
        "report": {"month": "2026-10"},
        "report_sha256": "a" * 64,
        "signature": "b" * 64,
        "proposed_by": factories.a_person(),
        "proposed_at": AT,
    }
    return MonthClose.objects.create(merchant_id=account.merchant_id, account=account, **{**values, **fields})


def closed_month(*, account: GatewayAccount | None = None) -> MonthClose:
    return signed_month(account=account, state=MonthState.CLOSED, decided_by=factories.a_person(), decided_at=AT)
