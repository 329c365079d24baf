"""How a verb says no: a sentence for the person, a code for programs, and nothing half done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orders.models import Modification
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


INVALID_ID = "This form’s id is not valid; nothing was sent. Open a fresh form and try again."
"""Said for a malformed id and for one that belongs to another merchant, so that neither can be told from the other."""
