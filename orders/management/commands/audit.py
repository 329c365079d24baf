"""`manage.py audit verify|seal|head`: walk the chain of the audit log, seal what is unsealed, name the chain's head."""

from __future__ import annotations

import re
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from orders import audit
from orders.audit import Verification
from orders.management.output import MISUSED, WRONG, Errand, Report, Stop
from orders.models import EventSeal


class Command(Errand):
    help = "Check the audit log's hash chain, seal its latest events, or print its head to keep elsewhere."

    def arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verify = verbs.add_parser("verify", help="Walk the whole chain; exit 1 when it is broken.")
        verify.add_argument("--head", default="", help="A head kept elsewhere: finds a tail that was cut off.")
        verbs.add_parser("seal", help="Chain every event that has no seal yet.")
        verbs.add_parser("head", help="Print the newest hash; keep it outside this database.")

    def work(self, *, verb: str, head: str = "", **options: Any) -> Report:
        if verb == "verify":
            return _told(audit.verify(head=_hash(head)))
        if verb == "seal":
            return _sealed()
        last = EventSeal.objects.order_by("-sequence").first()
        sequence, newest = (last.sequence, last.hash) if last else (0, audit.GENESIS)
        return Report(lines=[newest], facts={"sequence": sequence, "head": newest})


def _hash(text: str) -> str:
    """A mistyped head must not look like a cut tail."""
    head = text.strip().lower()
    if head and re.fullmatch(r"[0-9a-f]{64}", head) is None:
        raise Stop(
            "A head is 64 hexadecimal digits, as `audit head` prints it; nothing was checked.", exit_code=MISUSED
        )
    return head


def _told(found: Verification) -> Report:
    facts = {
        "ok": not found.problem,
        "sealed": found.sealed,
        "unsealed": found.unsealed,
        "oldest_unsealed_seconds": _age(found),
        "head": found.head,
        "problem": found.problem,
    }
    if found.problem:
        return Report(lines=[f"The audit log is broken. {found.problem}"], facts=facts, exit_code=WRONG)
    waiting = f"; {found.unsealed} wait for their seal" if found.unsealed else ""
    return Report(lines=[f"The chain of {found.sealed} events holds{waiting}. Head: {found.head}"], facts=facts)


def _age(found: Verification) -> float | None:
    oldest = found.oldest_unsealed_at
    return None if oldest is None else max(0.0, (timezone.now() - oldest).total_seconds())


def _sealed() -> Report:
    total = 0
    while sealed := audit.seal(limit=1000):
        total += sealed
    return Report(lines=[f"{total} events were sealed."], facts={"sealed": total})
