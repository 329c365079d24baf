"""A refused file asks for something until a later one counts in its place, or a person says why it needs nothing.

That a person set it aside is a run of theirs on the file: abandoned, with the reason. Nothing of the file changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction as database_transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from orders import audit
from orders.database import database_now
from orders.models import (
    FileState,
    GatewayAccount,
    Merchant,
    ReconciliationRun,
    RunKind,
    RunStage,
    RunState,
    SettlementFile,
    Source,
)
from orders.modifications.refusals import NotAllowed, Refused, UnknownThing, refusals_on_record
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REASON_MAXIMUM = 300
_COUNTED = (FileState.APPLIED, FileState.REPLACED)
_ASIDE = ReconciliationRun.objects.filter(kind=RunKind.PERSON, state=RunState.ABANDONED)


def still_asking(files: QuerySet[SettlementFile]) -> QuerySet[SettlementFile]:
    """Of these, the refused files that somebody has to do something about."""
    later = SettlementFile.objects.filter(account=OuterRef("account"), pk__gt=OuterRef("pk"), state__in=_COUNTED)
    named_alike = later.filter(name=OuterRef("name"))
    of_its_name = Q(business_date__isnull=True) & Exists(named_alike)
    of_its_day_and_name = Exists(named_alike.filter(business_date=OuterRef("business_date")))
    of_its_bytes = ~Q(sha256="") & Exists(later.filter(sha256=OuterRef("sha256")))
    return (
        files.filter(state=FileState.REFUSED)
        .exclude(of_its_bytes)
        .exclude(of_its_name)
        .exclude(of_its_day_and_name)
        .exclude(Exists(_ASIDE.filter(file=OuterRef("pk"))))
    )


def in_place_of(file: SettlementFile) -> SettlementFile | None:
    """The later file of the account that counts with the refused one's bytes or, unless it is of another day, name.

    A day may have several files, so one of another name answers nothing.
    """
    later = SettlementFile.objects.filter(account=file.account_id, pk__gt=file.pk, state__in=_COUNTED)
    same = Q(sha256=file.sha256) if file.sha256 else Q(pk__in=[])
    same |= Q(name=file.name) if file.business_date is None else Q(name=file.name, business_date=file.business_date)
    return later.filter(same).order_by("-pk").first()


def set_aside_of(file: SettlementFile) -> ReconciliationRun | None:
    """Who set the file aside, when and why (`started_by`, `started_at`, `problem`)."""
    return _ASIDE.filter(file=file).select_related("started_by").first()


def set_aside(file_id: int, *, reason: str, by: User, source: Source) -> SettlementFile:
    """Say why a refused file needs nothing more; it stays among the files. Raises Refused, with an audit entry."""
    files = SettlementFile.objects.select_related("account").exclude(state=FileState.TRIAL)
    file = files.filter(pk=file_id, merchant__in=Merchant.objects.of(by)).first()
    if file is None:
        raise UnknownThing("There is no such file; nothing was changed.", code="unknown_file")
    reason = " ".join(reason.split())
    told = {"file": file.pk}
    with refusals_on_record("settlement.set_aside_refused", by=by, source=source, account=file.account, details=told):
        _refuse(file, reason, by)
        with database_transaction.atomic():
            _put_aside(file, reason, by, source)
    return file


def _refuse(file: SettlementFile, reason: str, by: User) -> None:
    if "reconcile" not in permissions_of(by, file.merchant_id):
        raise NotAllowed(
            "You need the “reconcile” permission to set a file aside; nothing was changed.", code="permission"
        )
    if file.state != FileState.REFUSED:
        raise Refused(f"{file.name} was not refused, so there is nothing to set aside.", code="state")
    if not reason or len(reason) > REASON_MAXIMUM:
        raise Refused(
            f"Say in at most {REASON_MAXIMUM} characters why this file needs nothing more; nothing was changed.",
            code="reason",
        )


def _put_aside(file: SettlementFile, reason: str, by: User, source: Source) -> None:
    GatewayAccount.objects.select_for_update(no_key=True).get(pk=file.account_id)
    before = set_aside_of(file)
    if before is not None:
        who = before.started_by.get_username() if before.started_by else "Somebody"
        raise Refused(f"{who} set {file.name} aside already; nothing was changed.", code="set_aside")
    now = database_now()
    ReconciliationRun.objects.create(
        merchant_id=file.merchant_id,
        account_id=file.account_id,
        kind=RunKind.PERSON,
        file=file,
        business_date=file.business_date or file.received_at.date(),
        state=RunState.ABANDONED,
        stage=RunStage.DONE,
        started_by=by,
        started_at=now,
        finished_at=now,
        problem=reason,
    )
    audit.record(
        verb="settlement.set_aside",
        sentence=f"{by.get_username()} set the refused settlement file {file.name} aside: {reason}",
        source=source,
        by=by,
        account=file.account,
        details={"file": file.pk, "reason": reason},
    )
