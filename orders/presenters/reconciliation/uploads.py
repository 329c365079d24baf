"""An upload that is under way: who began it and when, whether it moves, and who may give it up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from orders.models import FileState, SettlementFile
from orders.reconciliation.files.uploads import anybody_from, began_at, who_of, why_not_give_up


@dataclass(frozen=True, kw_only=True)
class Upload:
    """What the page of a file that is being received shows of it."""

    who: str
    began_at: datetime
    moved_at: datetime
    anybody_from: datetime
    stood_still: bool
    may_give_up: bool


def upload_of(file: SettlementFile, person: User, *, now: datetime) -> Upload | None:
    """None unless the file is being received. The file with its people."""
    if file.state != FileState.RECEIVING:
        return None
    return Upload(
        who=who_of(file),
        began_at=began_at(file),
        moved_at=file.received_at,
        anybody_from=anybody_from(file),
        stood_still=now >= anybody_from(file),
        may_give_up=why_not_give_up(file, by=person, now=now) is None,
    )
