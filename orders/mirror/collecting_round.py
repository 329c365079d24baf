"""Collecting from every account that has a list: one after the other, and never twice at a time in one process."""

from __future__ import annotations

import threading

import structlog

from orders.database import database_now
from orders.gateways.base import CannotSay
from orders.mirror.collecting import Collection, collect_account
from orders.models import GatewayAccount, Source
from orders.modifications.situation import capability_of

log = structlog.get_logger(__name__)
_turn = threading.Lock()


def collect_all(*, source: Source) -> list[Collection]:
    """Walk through the lists of all accounts that may be asked now; one that fails does not stop the others."""
    if not _turn.acquire(blocking=False):
        return []
    try:
        return [collected for account in accounts_that_list() if (collected := _collect(account, source))]
    finally:
        _turn.release()


def accounts_that_list() -> list[GatewayAccount]:
    """Accounts that collect, whose gateway has a list, that are not paused and whose gateway answers."""
    well = GatewayAccount.objects.filter(collects=True, paused_at__isnull=True)
    well = well.exclude(breaker_until__gt=database_now()).order_by("pk")
    return [account for account in well if _lists(account)]


def _lists(account: GatewayAccount) -> bool:
    try:
        return capability_of(account).lists
    except (CannotSay, LookupError):
        return False


def _collect(account: GatewayAccount, source: Source) -> Collection | None:
    try:
        return collect_account(account, source=source)
    except Exception:
        log.exception("Nothing could be collected from an account; it is tried again in some minutes.")
        return None
