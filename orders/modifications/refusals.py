"""How a verb says no: a sentence for the person, a code for programs, and nothing half done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orders import audit

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from orders.models import GatewayAccount, Modification, Source
    from orders.modifications.rules import Decision


class Refused(Exception):
    """Nothing was changed and nothing was sent; `sentence` says why and what to do now."""

    def __init__(self, sentence: str, *, code: str, decision: Decision | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.decision = decision


class NotAllowed(Refused):
    """The rules say no; `decision` is the proof."""


class NeedsPlan(NotAllowed):
    """No single capture holds the refund; `ask.py` makes a plan of it."""


class ChangedSince(Refused):
    """The transaction moved since the form was drawn; `changes` are sentences about what happened."""

    def __init__(self, sentence: str, *, changes: list[str]) -> None:
        super().__init__(sentence, code="changed_since")
        self.changes = changes


class IdConflict(Refused):
    """The modification id was already used for something else."""


class UnknownThing(Refused):
    """There is no such thing for this person."""


class Suspicious(Refused):
    """It looks like a repeat of `twins`; the person must say that it is meant."""

    def __init__(self, sentence: str, *, twins: list[Modification]) -> None:
        super().__init__(sentence, code="twin")
        self.twins = twins


@contextmanager
def refusals_on_record(
    verb: str, *, by: User, source: Source, account: GatewayAccount | None = None, details: dict[str, Any] | None = None
) -> Iterator[None]:
    """A refusal inside is an event of the audit log, written after what it undid, and goes on to the caller."""
    try:
        yield
    except Refused as refusal:
        audit.record_refusal(
            verb=verb,
            sentence=refusal.sentence,
            source=source,
            by=by,
            account=account,
            details={**(details or {}), "code": refusal.code},
        )
        raise


INVALID_ID = "This form’s id is not valid; nothing was sent. Open a fresh form and try again."
"""Said for a malformed id and for one that belongs to another merchant, so that neither can be told from the other."""
