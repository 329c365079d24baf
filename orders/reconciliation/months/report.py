"""The report that is signed: figures, files with their hashes and what was carried; verifiable without the database.

The signature is an HMAC-SHA-256 of the canonical JSON under a key derived from the installation's credential keys: who
holds one of them can verify a report, nobody else can make one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import Count, Sum

from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    FileState,
    GatewayAccount,
    JobRun,
    JobState,
    SettlementFile,
)
from orders.models.discrepancy import DECIDED, WORTH
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.months.checklist import CARRIED, Item
from orders.reconciliation.months.period import Month

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FORMAT = "smartpay-dashboard month report 2"
"""Since its second form it tells of each row that people left as it is why, and who decided."""


def report_of(account: GatewayAccount, month: Month, checklist: tuple[Item, ...]) -> dict[str, Any]:
    """What is signed, as plain JSON: integers in minor units, ISO dates. The same books give the same bytes."""
    return {
        "format": FORMAT,
        "merchant": account.merchant.name,
        "account": account.name,
        "gateway": account.gateway,
        "month": str(month),
        "files": [_file(row) for row in _files(account, month)],
        "figures": _figures(account, month),
        "discrepancies": _discrepancies(account, month),
        "settled": _settled(account, month),
        "carried": _carried(account, month),
        "nights_done": JobRun.objects.filter(
            account=account,
            job="night",
            state=JobState.DONE,
            business_date__gte=month.first,
            business_date__lt=month.until,
        ).count(),
        "checklist": [{"code": item.code, "ok": item.ok, "sentence": item.sentence} for item in checklist],
    }


def canonical(report: Mapping[str, Any]) -> bytes:
    """The one way to write it."""
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(report: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical bytes, in hex."""
    return hashlib.sha256(canonical(report)).hexdigest()


def sign(report: Mapping[str, Any]) -> str:
    """The HMAC under the newest key, in hex."""
    return _hmac(_signing_keys()[0], report)


def is_genuine(report: Mapping[str, Any], signature: str) -> bool:
    """Whether one of this installation's keys signed exactly this report."""
    return any(hmac.compare_digest(_hmac(key, report), signature) for key in _signing_keys())


def seal(report: Mapping[str, Any], signed: Sequence[Mapping[str, str]]) -> str:
    """The same of the report together with who signed it when, as it leaves the house; in hex."""
    return sign({"report": report, "signed": signed})


def is_sealed(report: Mapping[str, Any], signed: Sequence[Mapping[str, str]], signature: str) -> bool:
    """Whether one of this installation's keys sealed exactly this report, signed by exactly these people."""
    return is_genuine({"report": report, "signed": signed}, signature)


def _hmac(key: bytes, report: Mapping[str, Any]) -> str:
    return hmac.new(key, canonical(report), hashlib.sha256).hexdigest()


def _signing_keys() -> list[bytes]:
    """One for each credential key, newest first; deriving keeps the two uses apart."""
    return [
        HKDF(algorithm=SHA256(), length=32, salt=None, info=b"month report").derive(base64.urlsafe_b64decode(key))
        for key in settings.CREDENTIALS_KEYS
    ]


def _files(account: GatewayAccount, month: Month) -> Any:
    counting = SettlementFile.objects.filter(account=account, state=FileState.APPLIED)
    return counting.filter(business_date__gte=month.first, business_date__lt=month.until).order_by(
        "business_date", "pk"
    )


def _file(row: SettlementFile) -> dict[str, Any]:
    return {
        "name": row.name,
        "version": row.version,
        "business_date": row.business_date.isoformat() if row.business_date else "",
        "sha256": row.sha256,
        "size": row.size,
        "lines": row.lines,
        "overlaps": row.overlaps,
        "totals": row.totals,
    }


def _figures(account: GatewayAccount, month: Month) -> dict[str, Any]:
    found = balance(account.pk, until=None, month=month.first)
    return {currency: one.as_json() for currency, one in sorted(found.items())}


def _discrepancies(account: GatewayAccount, month: Month) -> list[dict[str, Any]]:
    rows = (
        Discrepancy.objects.filter(account=account, month=month.first)
        .values_list("type", "state", "currency")
        .annotate(Count("pk"), total=Sum(WORTH))
        .order_by("type", "state", "currency")
    )
    return [
        {"type": type, "state": state, "currency": currency, "count": count, "worth": worth}
        for type, state, currency, count, worth in rows
    ]


def _settled(account: GatewayAccount, month: Month) -> list[dict[str, Any]]:
    rows = Discrepancy.objects.filter(account=account, month=month.first, state__in=DECIDED)
    return [
        {
            **_row(row),
            "state": row.state,
            "reason": row.resolution,
            "proposed_by": _name(row.proposed_by),
            "by": _name(row.closed_by),
        }
        for row in rows.select_related("proposed_by", "closed_by").order_by("pk")
    ]


def _carried(account: GatewayAccount, month: Month) -> list[dict[str, Any]]:
    rows = DiscrepancyEntry.objects.filter(
        discrepancy__account=account, verb=CARRIED, details__from=month.first.isoformat()
    ).select_related("discrepancy", "actor")
    return [
        {**_row(row.discrepancy), "reason": row.text, "by": _name(row.actor), "to": row.details.get("to", "")}
        for row in rows.order_by("discrepancy_id", "pk")
    ]


def _row(row: Discrepancy) -> dict[str, Any]:
    return {
        "discrepancy": row.pk,
        "type": row.type,
        "reference": row.reference,
        "occurred_on": row.occurred_on.isoformat(),
        "worth": row.worth,
        "currency": row.currency,
    }


def _name(person: User | None) -> str:
    """By which they sign in: it stays when they are called otherwise."""
    return person.get_username() if person is not None else ""
