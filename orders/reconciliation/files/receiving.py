"""A file comes in, whole or piece by piece: its bytes and their hash are kept before anything is understood.

The same bytes are one file, whatever they are called and however often they come; a file that was refused may come
again, because its profile may have been corrected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now
from orders.models import FileState, GatewayAccount, SettlementFile, SettlementProfile, Source
from orders.modifications import bell
from orders.modifications.refusals import Refused
from orders.reconciliation.closed import closed_month
from orders.reconciliation.files import storing
from orders.reconciliation.files.cells import DAYS_AHEAD, EARLIEST

if TYPE_CHECKING:
    from django.contrib.auth.models import User

UPLOAD_LIFE = timedelta(hours=24)
"""An upload that stood still for so long is forgotten."""
_NOT_KEPT = (FileState.REFUSED, FileState.RECEIVING, FileState.TRIAL)


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
        _refuse_size(expected_size)
    if business_date is not None:
        _refuse_day(business_date)
        _refuse_closed(account, business_date)
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
    except IntegrityError:
        if replaces is not None:  # two corrections in the same moment: the other one was first
            refuse_replacing(account, replaces)
        raise
    return row


def append_part(file: SettlementFile, *, offset: int, content: bytes) -> int:
    """Append the bytes that begin at `offset` (at most one MiB) and return how many the file holds now.

    A piece that came before, or one that would leave a gap, changes nothing: go on at the number returned. Raises
    Refused when the file grows beyond its limit.
    """
    _refuse_size(offset + len(content))
    if offset < 0 or (file.expected_size is not None and offset + len(content) > file.expected_size):
        raise Refused("This piece is none of the file that was told of; nothing was taken.", code="size")
    if len(content) > storing.PART_BYTES:
        raise Refused("A piece of an upload may have one MiB at most; nothing was taken.", code="size")
    with database_transaction.atomic():
        rows = SettlementFile.objects.filter(pk=file.pk, state=FileState.RECEIVING, size=offset)
        if content and rows.update(size=offset + len(content)):
            storing.add_part(file, file.parts.count(), content)
    return SettlementFile.objects.values_list("size", flat=True).get(pk=file.pk)


def finish_upload(file: SettlementFile) -> Received:
    """All bytes are here: hash them and let the file wait for its turn. A repeat answers with what is known.

    Raises Refused when bytes are missing, or when there are none.
    """
    file = SettlementFile.objects.select_related("account").get(pk=file.pk)
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
            bell.ring_settlement(file.pk)
        return Received(file=file, new=True, sentence=f"{file.name} is here and waits to be read; nothing counts yet.")
    storing.forget(file)
    return Received(file=known, new=False, sentence=sentence_about(known))


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


def known_file(account: GatewayAccount, sha256: str) -> SettlementFile | None:
    """The file of the account with these bytes, if it was not refused."""
    return SettlementFile.objects.filter(account=account, sha256=sha256).exclude(state__in=_NOT_KEPT).first()


def sentence_about(file: SettlementFile) -> str:
    """What a person is told who brings bytes that are known."""
    said = f"These bytes came before, as {file.name} on {file.received_at:%Y-%m-%d}; nothing was taken twice."
    if file.state == FileState.REPLACED:
        return f"{said} A corrected file has taken its place since; to go back, upload a corrected one."
    if file.state == FileState.APPLIED:
        return f"{said} Its lines count."
    return f"{said} It waits to be read."


def forget_upload(file: SettlementFile) -> None:
    """Give up an upload that was not finished; anything else stays."""
    if SettlementFile.objects.filter(pk=file.pk, state=FileState.RECEIVING).exists():
        storing.forget(file)


def forget_stale_uploads() -> int:
    """Uploads that nobody finished within a day; returns how many."""
    stale = SettlementFile.objects.filter(state=FileState.RECEIVING, received_at__lt=database_now() - UPLOAD_LIFE)
    rows = list(stale.order_by("pk")[:20])
    for row in rows:
        storing.forget(row)
    return len(rows)


def profile_of(account: GatewayAccount) -> SettlementProfile | None:
    """The profile that reads this account's files when nobody says which; None stands for the built-in one."""
    active = list(SettlementProfile.objects.filter(account=account, state="active").order_by("pk")[:2])
    if len(active) > 1:
        raise Refused(
            f"The account {account.name} has several active profiles, and nothing was taken. Say which one is meant.",
            code="profile",
        )
    return active[0] if active else None


def refuse_replacing(account: GatewayAccount, replaces: SettlementFile) -> None:
    """Raises Refused unless the file counts in this account and has no correction yet."""
    if replaces.account_id != account.pk:
        raise Refused("The file to be replaced belongs to another account; nothing was taken.", code="replaces")
    if replaces.state != FileState.APPLIED:
        raise Refused(
            f"{replaces.name} does not count, so there is nothing to replace; nothing was taken. Upload the file "
            "without naming one to replace.",
            code="replaces",
        )
    if SettlementFile.objects.filter(replaces=replaces).exists():
        raise Refused(
            f"A corrected version of {replaces.name} is already on its way; nothing was taken. Wait until it is read.",
            code="replaces",
        )
    _refuse_closed(account, replaces.business_date)


def plain_name(name: str) -> str:
    """The last part of a path, printable and not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable()).strip()[:200] or "settlement"


def _refuse_size(size: int) -> None:
    most = settings.SETTLEMENT_MAX_MIB * 1024**2
    if size > most:
        raise Refused(
            f"The file is larger than the {settings.SETTLEMENT_MAX_MIB:,} MiB this installation takes; nothing was "
            "taken. Split it, or raise SETTLEMENT_MAX_MIB.",
            code="size",
        )


def _refuse_day(day: date) -> None:
    if not EARLIEST <= day <= database_now().date() + timedelta(days=DAYS_AHEAD):
        raise Refused(
            f"No settlement file is of {day.isoformat()}; nothing was taken. Give the day that the file is of.",
            code="business_date",
        )


def _refuse_closed(account: GatewayAccount, day: date | None) -> None:
    month = closed_month(account.pk, day) if day is not None else None
    if month is not None:
        raise Refused(
            f"{month.month:%B %Y} is closed for {account.name}; nothing was taken. Reopen the month first.",
            code="closed",
        )
