"""Reading a stored file once more, under another mapping, into lines that never count."""

from __future__ import annotations

from dataclasses import dataclass

from orders.database import database_now
from orders.models import FileState, SettlementFile, SettlementProfile, Source
from orders.reconciliation.files.loading import Renew, Torn, Unreadable, load
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.plain import BadMapping
from orders.reconciliation.runs_reading import limits


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """A file of then, and the file whose lines are tried now: the same one where only tolerances differ.

    With a `problem` the new mapping cannot read it.
    """

    source: SettlementFile
    file_id: int
    problem: str = ""


def read_again(source: SettlementFile, profile: SettlementProfile, *, renew: Renew) -> Shadow:
    """The lines that this profile makes of the stored bytes."""
    if source.profile is not None and source.profile.mapping == profile.mapping:
        return Shadow(source=source, file_id=source.pk)
    file = _shadow_of(source, profile)
    try:
        _load(file, source, Mapping.from_json(profile.mapping), renew)
    except (BadMapping, Unreadable, Torn) as problem:
        return Shadow(source=source, file_id=file.pk, problem=str(problem) or "Its lines do not add up.")
    return Shadow(source=source, file_id=file.pk)


def _load(file: SettlementFile, source: SettlementFile, mapping: Mapping, renew: Renew) -> None:
    load(file, mapping=mapping, limits=limits(), today=database_now().date(), renew=renew, stored_as=source.pk)


def _shadow_of(source: SettlementFile, profile: SettlementProfile) -> SettlementFile:
    return SettlementFile.objects.create(
        merchant_id=source.merchant_id,
        account_id=source.account_id,
        profile=profile,
        name=source.name,
        business_date=source.business_date,
        size=source.size,
        state=FileState.TRIAL,
        source=Source.WORKER,
        received_at=database_now(),
    )
