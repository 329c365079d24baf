"""Uploads under way: who began them and when, what is forgotten by itself, and what people may give up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now
from orders.models import GIVEN_UP, Event, FileState, Merchant, SettlementFile, Source
from orders.modifications.refusals import NotAllowed, Refused, UnknownThing, refusals_on_record
from orders.permissions import permissions_of
from orders.reconciliation.files import storing

if TYPE_CHECKING:
    from django.contrib.auth.models import User

BEGUN = "settlement.upload_begun"
UPLOAD_LIFE = timedelta(hours=24)
"""An upload that stood still for so long is forgotten."""
STOOD_STILL = timedelta(minutes=30)
"""From then on everybody who may upload may give it up."""


class UploadUnderWay(Refused):
    """A corrected version is being uploaded already, as `file`."""

    def __init__(self, file: SettlementFile) -> None:
        self.file = file
        of_all = f" of {file.expected_size:,}" if file.expected_size is not None else ""
        super().__init__(
            f"{who_of(file)} began to upload a corrected version, {file.name}, on {_moment(file, began_at(file))}; "
            f"{file.size:,}{of_all} bytes arrived, the last of them on {_moment(file, file.received_at)}. Nothing was "
            "taken now. Wait until that upload is finished, or give it up on its page.",
            code="upload_under_way",
        )


class UploadGone(Refused):
    """The upload was given up, or forgotten, and takes nothing more."""

    def __init__(self) -> None:
        super().__init__(
            "This upload is not there any more; somebody may have given it up, and nothing of it counts. Look at the "
            "list of files, and upload it again if it lacks there.",
            code="gone",
        )


def who_of(file: SettlementFile) -> str:
    """Who brings the file, as the beginning of a sentence."""
    if file.received_by is not None:
        return file.received_by.get_username()
    return "The drop folder" if file.source == Source.SETTLEMENT else "A command"


def began_at(file: SettlementFile) -> datetime:
    """When the upload began. The log knows; `received_at` moves with each piece."""
    if file.expected_size is None or file.received_by_id is None:
        return file.received_at
    told = Event.objects.filter(merchant=file.merchant_id, verb=BEGUN, details__file=file.pk).order_by("-pk")
    return told.values_list("at", flat=True).first() or file.received_at


def anybody_from(file: SettlementFile) -> datetime:
    """From when on everybody who may upload may give the upload up."""
    return file.received_at + STOOD_STILL


def why_not_give_up(file: SettlementFile, *, by: User, now: datetime) -> Refused | None:
    """Why this person may not give the upload up; None when they may. The file with its people."""
    if "reconcile" not in permissions_of(by, file.merchant_id):
        return NotAllowed(
            "You need the “reconcile” permission to give an upload up; nothing was changed.", code="permission"
        )
    if file.state != FileState.RECEIVING:
        return Refused(
            f"{file.name} is no upload under way any more, so nothing was given up. Its page says how it stands.",
            code="state",
        )
    if file.received_by_id == by.pk or now >= anybody_from(file):
        return None
    last, free = _moment(file, file.received_at), _moment(file, anybody_from(file))
    return NotAllowed(
        f"{who_of(file)} is uploading {file.name}, and the last piece came on {last}; nothing was given up. Whoever "
        f"began it may give it up, and everybody else from {free} on if nothing more arrives.",
        code="moving",
    )


def give_up_upload(file_id: int, *, by: User, source: Source) -> SettlementFile:
    """Forget an upload that is not finished: nothing of it counted. Returns the file as it was.

    Raises Refused, with an entry in the audit log, for whoever may not yet; UnknownThing where there is none.
    """
    files = SettlementFile.objects.select_related("account", "merchant", "received_by", "replaces")
    theirs = files.filter(pk=file_id, merchant__in=Merchant.objects.of(by))
    file = theirs.exclude(state=FileState.TRIAL).exclude(GIVEN_UP).first()
    if file is None:
        raise UnknownThing("There is no such upload; nothing was changed.", code="unknown_upload")
    told = {"file": file.pk}
    with refusals_on_record(
        "settlement.upload_give_up_refused", by=by, source=source, account=file.account, details=told
    ):
        refusal = why_not_give_up(file, by=by, now=database_now())
        if refusal is not None:
            raise refusal
        _give_up(file, by, source)
    return file


def _give_up(file: SettlementFile, by: User, source: Source) -> None:
    """It blocks nothing any more and takes no further piece; it is stale now, so the next look deletes its bytes."""
    with database_transaction.atomic():
        unmoved = SettlementFile.objects.filter(
            pk=file.pk, state=FileState.RECEIVING, size=file.size, received_at=file.received_at
        )
        forgotten = {"size": 0, "expected_size": 0, "replaces": None, "received_at": file.received_at - UPLOAD_LIFE}
        if not unmoved.update(**forgotten):
            raise Refused(
                f"Another piece of {file.name} arrived in this moment, so nothing was given up. Look at it again.",
                code="moving",
            )
        audit.record(
            verb="settlement.upload_given_up",
            sentence=f"Gave up the upload of {file.name} that {who_of(file)} had begun; nothing of it counted.",
            source=source,
            by=by,
            account=file.account,
            details={"file": file.pk, "replaces": file.replaces_id, "size": file.size},
        )


def forget_upload(file: SettlementFile) -> None:
    """Give up an upload that was not finished; anything else stays."""
    if SettlementFile.objects.filter(pk=file.pk, state=FileState.RECEIVING).exists():
        storing.forget(file)


def forget_stale_uploads() -> int:
    """Uploads of which nothing arrived for a day; returns how many."""
    stale = SettlementFile.objects.filter(state=FileState.RECEIVING, received_at__lt=database_now() - UPLOAD_LIFE)
    rows = list(stale.order_by("pk")[:20])
    for row in rows:
        storing.forget(row)
    return len(rows)


def _moment(file: SettlementFile, at: datetime) -> str:
    """As the merchant's clocks say it, with their zone."""
    try:
        local = at.astimezone(ZoneInfo(file.merchant.time_zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = at
    return f"{local:%-d %B, %H:%M %Z}"
