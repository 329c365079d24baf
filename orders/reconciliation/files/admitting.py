"""What is taken in, before a byte of it is understood: known bytes, names, profiles, and the reasons to refuse."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings

from orders.database import database_now
from orders.models import FileState, GatewayAccount, SettlementFile, SettlementProfile
from orders.modifications.refusals import Refused
from orders.reconciliation.closed import closed_month
from orders.reconciliation.files.cells import DAYS_AHEAD, EARLIEST
from orders.reconciliation.files.uploads import UploadUnderWay

_NOT_KEPT = (FileState.REFUSED, FileState.RECEIVING, FileState.TRIAL)


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
    """Raises Refused unless the file counts in this account and has no correction yet; UploadUnderWay names one that
    is on its way."""
    if replaces.account_id != account.pk:
        raise Refused("The file to be replaced belongs to another account; nothing was taken.", code="replaces")
    if replaces.state != FileState.APPLIED:
        raise Refused(
            f"{replaces.name} does not count, so there is nothing to replace; nothing was taken. Upload the file "
            "without naming one to replace.",
            code="replaces",
        )
    other = SettlementFile.objects.filter(replaces=replaces).select_related("merchant", "received_by").first()
    if other is not None and other.state == FileState.RECEIVING:
        raise UploadUnderWay(other)
    if other is not None:
        raise Refused(
            f"A corrected version of {replaces.name} is already on its way; nothing was taken. Wait until it is read.",
            code="replaces",
        )
    refuse_closed(account, replaces.business_date)


def plain_name(name: str) -> str:
    """The last part of a path, printable and not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable()).strip()[:200] or "settlement"


def refuse_size(size: int) -> None:
    """Raises Refused for a file that is larger than this installation takes."""
    most = settings.SETTLEMENT_MAX_MIB * 1024**2
    if size > most:
        raise Refused(
            f"The file is larger than the {settings.SETTLEMENT_MAX_MIB:,} MiB this installation takes; nothing was "
            "taken. Split it, or raise SETTLEMENT_MAX_MIB.",
            code="size",
        )


def refuse_day(day: date) -> None:
    """Raises Refused for a day that no settlement file can be of."""
    if not EARLIEST <= day <= database_now().date() + timedelta(days=DAYS_AHEAD):
        raise Refused(
            f"No settlement file is of {day.isoformat()}; nothing was taken. Give the day that the file is of.",
            code="business_date",
        )


def refuse_closed(account: GatewayAccount, day: date | None) -> None:
    """Raises Refused when the day lies in a closed month of the account."""
    month = closed_month(account.pk, day) if day is not None else None
    if month is not None:
        raise Refused(
            f"{month.month:%B %Y} is closed for {account.name}; nothing was taken. Reopen the month first.",
            code="closed",
        )
