"""An account's settlement terms as people change them: calendar, delay, fee and the limit of accepting alone."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date, time
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.db import transaction as database_transaction

from orders.audit import record
from orders.models import GatewayAccount, SettlementTerms, Source
from orders.modifications.refusals import NotAllowed, Refused
from orders.money import MAXIMUM_MINOR, is_currency
from orders.permissions import permissions_of
from orders.reconciliation.drop_folder import PUT_AWAY

if TYPE_CHECKING:
    from django.contrib.auth.models import User

DAYS_MAXIMUM = 60
BASIS_POINTS_MAXIMUM = 10_000
HOLIDAYS_MAXIMUM = 500
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_UNTOUCHED = "nothing was changed."


@dataclass(frozen=True, kw_only=True)
class NewTerms:
    """What the terms shall be; amounts in minor units, `business_days` ISO weekdays such as 12345."""

    time_zone: str
    cut_off: time
    business_days: str
    holidays: tuple[date, ...]
    delay_days: int
    patience_days: int
    fee_basis_points: int | None
    fee_fixed: int
    fee_currency: str
    accept_limit: int
    expected_from: date | None
    drop_folder: str


def problem_of(new: NewTerms) -> tuple[str, str]:
    """The field that cannot be taken and the sentence why not; two empty texts when all is well. Pure."""
    if new.time_zone not in available_timezones():
        return "time_zone", f"That is not a time zone such as Europe/Berlin; {_UNTOUCHED}"
    if not new.business_days or set(new.business_days) - set("1234567"):
        return "business_days", f"Choose at least one day of the week; {_UNTOUCHED}"
    if len(new.holidays) > HOLIDAYS_MAXIMUM:
        return "holidays", f"At most {HOLIDAYS_MAXIMUM} holidays are kept; {_UNTOUCHED}"
    for name in ("delay_days", "patience_days"):
        if not 0 <= getattr(new, name) <= DAYS_MAXIMUM:
            return name, f"Between 0 and {DAYS_MAXIMUM} business days; {_UNTOUCHED}"
    if new.fee_basis_points is not None and not 0 <= new.fee_basis_points <= BASIS_POINTS_MAXIMUM:
        return "fee_basis_points", f"Between 0 and {BASIS_POINTS_MAXIMUM:,} basis points; {_UNTOUCHED}"
    for name in ("fee_fixed", "accept_limit"):
        if not 0 <= getattr(new, name) <= MAXIMUM_MINOR:
            return name, f"An amount in minor units, not below zero; {_UNTOUCHED}"
    if new.fee_currency and not is_currency(new.fee_currency):
        return "fee_currency", f"That is not a three-letter currency code such as EUR; {_UNTOUCHED}"
    if new.fee_fixed and not new.fee_currency:
        return "fee_currency", f"A fixed fee needs its currency; {_UNTOUCHED}"
    if new.expected_from is not None and not 2000 <= new.expected_from.year <= 2100:
        return "expected_from", f"A day between 2000 and 2100; {_UNTOUCHED}"
    if new.drop_folder and _FOLDER.fullmatch(new.drop_folder) is None:
        return "drop_folder", f"A folder's name of letters, digits, points, dashes and underscores; {_UNTOUCHED}"
    if new.drop_folder.casefold() in PUT_AWAY:
        return "drop_folder", f"Dropped files are put away in folders of this name; choose another; {_UNTOUCHED}"
    return "", ""


def save_terms(account: GatewayAccount, new: NewTerms, *, by: User, source: Source) -> str:
    """Keep the terms and tell the audit log what they were. Raises Refused with a sentence; `code` names the field.

    The limit up to which one person may accept a difference is changed only by whoever may configure: otherwise the
    person whom it limits could raise it.
    """
    words = permissions_of(by, account.merchant_id)
    if "reconcile" not in words:
        raise NotAllowed(f"You need the “reconcile” permission to change terms; {_UNTOUCHED}", code="permission")
    field, problem = problem_of(new)
    if field:
        raise Refused(problem, code=field)
    with database_transaction.atomic():
        GatewayAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        row = SettlementTerms.objects.filter(account=account).first() or SettlementTerms(account=account)
        if new.accept_limit != row.accept_limit and "configure" not in words:
            raise NotAllowed(
                f"Only whoever has the “configure” permission may change the limit of accepting alone; {_UNTOUCHED}",
                code="accept_limit",
            )
        others = SettlementTerms.objects.exclude(account=account)
        if new.drop_folder and others.filter(drop_folder__iexact=new.drop_folder).exists():
            raise Refused(f"Another account has this drop folder; {_UNTOUCHED}", code="drop_folder")
        values = asdict(new) | {"holidays": [day.isoformat() for day in sorted(set(new.holidays))]}
        before = {name: getattr(row, name) for name in values}
        changes = {
            name: [_plain(before[name]), _plain(value)] for name, value in values.items() if before[name] != value
        }
        if row.pk is not None and not changes:
            return "Nothing was different; nothing was changed."
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        record(
            verb="settlement_terms.changed",
            sentence=f"{by.get_username()} changed the settlement terms of {account.name}.",
            source=source,
            by=by,
            merchant=account.merchant,
            account=account,
            details={"changes": changes},
        )
    return "The settlement terms are saved; they count from the next run on."


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, time)) else value
