"""A file comes in, whole or piece by piece: its bytes and their hash are kept before anything is understood.

The same bytes are one file, whatever they are called and however often they come; a file that was refused may come
again, because its profile may have been corrected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now
from orders.models import FileState, GatewayAccount, SettlementFile, SettlementProfile, Source
from orders.modifications import bell
from orders.modifications.refusals import Refused
from orders.reconciliation.files import storing
from orders.reconciliation.files.admitting import (
    known_file,
    plain_name,
    profile_of,
    refuse_closed,
    refuse_day,
    refuse_replacing,
    refuse_size,
    sentence_about,
)
from orders.reconciliation.files.uploads import BEGUN, UploadGone

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, kw_only=True)
class Received:
    """`new` is False when these bytes were known; the sentence says what happens now."""

    file: SettlementFile
    new: bool
    sentence: str


def receive(
    account: GatewayAccount,
    *,
    name: str,
    chunks: Iterable[bytes],
    business_date: date | None = None,
    profile: SettlementProfile | None = None,
    replaces: SettlementFile | None = None,
    by: User | None,
    source: Source,
) -> Received:
    """Store a file at once. Raises Refused: too large, empty, a closed month, nothing to replace."""
    file = begin_upload(
        account, name=name, business_date=business_date, profile=profile, replaces=replaces, by=by, source=source
    )
    try:
        for content in storing.in_parts(chunks):
            file.size = append_part(file, offset=file.size, content=content)
        return finish_upload(file)
    except BaseException:
        storing.forget(file)
        raise


def begin_upload(
    account: GatewayAccount,
    *,
    name: str,
    expected_size: int | None = None,
    business_date: date | None = None,
    profile: SettlementProfile | None = None,
    replaces: SettlementFile | None = None,
    by: User | None,
    source: Source,
) -> SettlementFile:
    """The row that pieces are appended to. Raises Refused when the whole would be."""
    if expected_size is not None:
        refuse_size(expected_size)
    if business_date is not None:
        refuse_day(business_date)
        refuse_closed(account, business_date)
    if replaces is not None:
        refuse_replacing(account, replaces)
    if profile is not None and profile.account_id != account.pk:
        raise Refused("The profile belongs to another account; nothing was taken.", code="profile")
    row = SettlementFile(
        merchant_id=account.merchant_id,
        account=account,
        profile=profile or profile_of(account),
        name=plain_name(name),
        business_date=business_date,
        expected_size=expected_size,
        replaces=replaces,
        version=replaces.version + 1 if replaces else 1,
        state=FileState.RECEIVING,
        source=source,
        received_by=by,
        received_at=database_now(),
    )
    try:
        with database_transaction.atomic():
            row.save()
            if expected_size is not None and by is not None:
                _tell_of_beginning(row)
    except IntegrityError:
        if replaces is not None:  # two corrections in the same moment: the other one was first
            refuse_replacing(account, replaces)
        raise
    return row


def append_part(file: SettlementFile, *, offset: int, content: bytes) -> int:
    """Append the bytes that begin at `offset` (at most one MiB) and return how many the file holds now.

    A piece that came before, or one that would leave a gap, changes nothing: go on at the number returned. Raises
    Refused when the file grows beyond its limit, UploadGone when it was given up. `received_at` is when the last piece
    came.
    """
    refuse_size(offset + len(content))
    if offset < 0 or (file.expected_size is not None and offset + len(content) > file.expected_size):
        raise Refused("This piece is none of the file that was told of; nothing was taken.", code="size")
    if len(content) > storing.PART_BYTES:
        raise Refused("A piece of an upload may have one MiB at most; nothing was taken.", code="size")
    with database_transaction.atomic():
        rows = SettlementFile.objects.filter(pk=file.pk, state=FileState.RECEIVING, size=offset)
        rows = rows.filter(expected_size=file.expected_size)
        if content and rows.update(size=offset + len(content), received_at=database_now()):
            storing.add_part(file, file.parts.count(), content)
    return _there(file).size


def finish_upload(file: SettlementFile) -> Received:
    """All bytes are here: hash them and let the file wait for its turn. A repeat answers with what is known.

    Raises Refused when bytes are missing, or when there are none; UploadGone when it was given up.
    """
    file = _there(file)
    if file.state != FileState.RECEIVING:
        return Received(file=file, new=False, sentence=sentence_about(file))
    if not file.size:
        raise Refused("The file is empty; nothing was taken.", code="empty")
    if file.expected_size is not None and file.size != file.expected_size:
        missing = f"{file.size:,} of {file.expected_size:,} bytes arrived"
        raise Refused(
            f"Only a part of the file is here ({missing}); nothing of it counts. Upload it again.", code="cut"
        )
    file.sha256 = storing.sha256_of(file.pk)
    known = known_file(file.account, file.sha256)
    if known is None:
        known = _let_wait(file)
    if known is not None and known.pk == file.pk:  # another request finished the same upload
        return Received(file=known, new=False, sentence=sentence_about(known))
    if known is None:
        if file.source == Source.PAGE:
            bell.ring_settlement(file.account_id)
        return Received(file=file, new=True, sentence=f"{file.name} is here and waits to be read; nothing counts yet.")
    storing.forget(file)
    return Received(file=known, new=False, sentence=sentence_about(known))


def _there(file: SettlementFile) -> SettlementFile:
    """The file as it is now. Raises UploadGone when it was given up: then it is told of as empty, and deleted."""
    row = SettlementFile.objects.select_related("account").filter(pk=file.pk).first()
    if row is None or (row.state == FileState.RECEIVING and row.expected_size != file.expected_size):
        raise UploadGone
    return row


def _let_wait(file: SettlementFile) -> SettlementFile | None:
    """None when the file waits now; the other one when the same bytes were faster."""
    try:
        with database_transaction.atomic():
            receiving = SettlementFile.objects.filter(pk=file.pk, state=FileState.RECEIVING, size=file.size)
            if not receiving.update(sha256=file.sha256, state=FileState.WAITING):
                return _ended_meanwhile(file)
            file.state = FileState.WAITING.value
            audit.record(
                verb="settlement.received",
                sentence=f"Received the settlement file {file.name} ({file.size:,} bytes).",
                source=Source(file.source),
                by=file.received_by,
                account=file.account,
                details={"file": file.pk, "sha256": file.sha256},
            )
        return None
    except IntegrityError:
        file.state = FileState.RECEIVING.value
        return known_file(file.account, file.sha256)


def _ended_meanwhile(file: SettlementFile) -> SettlementFile:
    """The upload as another request left it. Raises Refused when it was given up, or grew while it was hashed."""
    there = SettlementFile.objects.filter(pk=file.pk).exclude(state=FileState.RECEIVING).first()
    if there is None:
        raise Refused(
            "The upload changed while it was finished, so nothing of it counts. Upload the file again.", code="cut"
        )
    return there


def _tell_of_beginning(file: SettlementFile) -> None:
    audit.record(
        verb=BEGUN,
        sentence=f"Began to upload the settlement file {file.name} ({file.expected_size:,} bytes).",
        source=Source(file.source),
        by=file.received_by,
        account=file.account,
        details={"file": file.pk, "replaces": file.replaces_id},
    )
