"""Mapping profiles: tried as drafts, activated with a note, retired, never changed once they were in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction as database_transaction

from orders.audit import record
from orders.database import database_now
from orders.models import GatewayAccount, Merchant, ProfileState, SettlementProfile, SettlementTerms, Source
from orders.modifications.refusals import NotAllowed, Refused, UnknownThing
from orders.permissions import permissions_of
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.plain import BadMapping

if TYPE_CHECKING:
    from django.contrib.auth.models import User

NAME_MAXIMUM = 60
NOTE_MAXIMUM = 300
TOLERANCE_MAXIMUM = 10_000
DAYS_MAXIMUM = 60


def add_profile(
    account: GatewayAccount,
    *,
    name: str,
    mapping: Mapping,
    tolerance_minor: int = 0,
    tolerance_days: int = 5,
    by: User,
    source: Source,
) -> SettlementProfile:
    """A new profile, version 1, as a draft. Raises Refused: no permission, no name, or a name that is taken."""
    _may(by, account)
    name = " ".join(name.split())
    if not name or len(name) > NAME_MAXIMUM:
        raise Refused(f"Give the profile a name of at most {NAME_MAXIMUM} characters; nothing was saved.", code="name")
    _tolerances(tolerance_minor, tolerance_days)
    with database_transaction.atomic():
        _hold(account)
        if SettlementProfile.objects.filter(account=account, name=name).exists():
            raise Refused(f"{account.name} has a profile “{name}” already; nothing was saved.", code="name")
        profile = _draft(account, name, 1, mapping, tolerance_minor, tolerance_days, by)
        _tell(profile, "made", f"{by.get_username()} drafted the profile {profile}.", by, source)
    return profile


def save_draft(
    profile_id: int, *, mapping: Mapping, tolerance_minor: int, tolerance_days: int, by: User, source: Source
) -> SettlementProfile:
    """Keep the change: in the draft itself, or as the next version of a profile that is or was in use.

    Raises Refused when a later version is there already: two people would overwrite each other.
    """
    _tolerances(tolerance_minor, tolerance_days)
    with database_transaction.atomic():
        profile = _locked(profile_id, by)
        versions = SettlementProfile.objects.filter(account=profile.account, name=profile.name)
        newest = versions.order_by("-version").values_list("version", flat=True)[0]
        if profile.state == ProfileState.DRAFT:
            values = {
                "mapping": mapping.to_json(),
                "tolerance_minor": tolerance_minor,
                "tolerance_days": tolerance_days,
                "made_by": by,
                "made_at": database_now(),
            }
            SettlementProfile.objects.filter(pk=profile.pk).update(**values)
            profile.refresh_from_db()
        elif newest > profile.version:
            raise Refused(
                f"Version {newest} of “{profile.name}” is there already; nothing was saved. Change that one.",
                code="newer_version",
            )
        else:
            profile = _draft(profile.account, profile.name, newest + 1, mapping, tolerance_minor, tolerance_days, by)
        _tell(profile, "saved", f"{by.get_username()} saved the draft {profile}.", by, source)
    return profile


def activate(profile_id: int, *, note: str, by: User, source: Source) -> SettlementProfile:
    """Read files with this version from now on; the version that was active until now is retired.

    Raises Refused without a note, for a mapping that cannot be used, and for a version that is active already.
    """
    note = " ".join(note.split())
    if not note or len(note) > NOTE_MAXIMUM:
        raise Refused(f"Say in at most {NOTE_MAXIMUM} characters why; nothing was activated.", code="note")
    with database_transaction.atomic():
        profile = _locked(profile_id, by)
        if profile.state == ProfileState.ACTIVE:
            raise Refused(f"{profile} is active already; nothing was changed.", code="active")
        try:
            Mapping.from_json(profile.mapping)
        except BadMapping as problem:
            raise Refused(f"The mapping cannot be used: {problem} Nothing was activated.", code="mapping") from problem
        _limited(profile, by)
        siblings = SettlementProfile.objects.filter(account=profile.account, name=profile.name)
        siblings.filter(state=ProfileState.ACTIVE).update(state=ProfileState.RETIRED)
        values: dict[str, Any] = {"state": ProfileState.ACTIVE}
        if profile.activated_at is None:
            values |= {"activated_by": by, "activated_at": database_now(), "note": note}
        SettlementProfile.objects.filter(pk=profile.pk).update(**values)
        profile.refresh_from_db()
        _tell(profile, "activated", f"{by.get_username()} activated the profile {profile}: {note}", by, source)
    return profile


def retire(profile_id: int, *, by: User, source: Source) -> SettlementProfile:
    """Read no new file with this version; files that were read with it keep it. A second time changes nothing."""
    with database_transaction.atomic():
        profile = _locked(profile_id, by)
        if profile.state == ProfileState.RETIRED:
            raise Refused(f"{profile} is retired already; nothing was changed.", code="retired")
        SettlementProfile.objects.filter(pk=profile.pk).update(state=ProfileState.RETIRED)
        profile.refresh_from_db()
        _tell(profile, "retired", f"{by.get_username()} retired the profile {profile}.", by, source)
    return profile


def _draft(
    account: GatewayAccount, name: str, version: int, mapping: Mapping, minor: int, days: int, by: User
) -> SettlementProfile:
    return SettlementProfile.objects.create(
        account=account,
        name=name,
        version=version,
        mapping=mapping.to_json(),
        tolerance_minor=minor,
        tolerance_days=days,
        made_by=by,
        made_at=database_now(),
    )


def _tolerances(minor: int, days: int) -> None:
    if not 0 <= minor <= TOLERANCE_MAXIMUM or not 0 <= days <= DAYS_MAXIMUM:
        raise Refused(
            f"A line may be off by at most {TOLERANCE_MAXIMUM:,} minor units and {DAYS_MAXIMUM} days; nothing saved.",
            code="tolerance",
        )


def _limited(profile: SettlementProfile, by: User) -> None:
    """What a machine lets pass on every line is no more than what one person may accept on one."""
    terms = SettlementTerms.objects.filter(account=profile.account).first() or SettlementTerms()
    may_configure = "configure" in permissions_of(by, profile.account.merchant_id)
    if profile.tolerance_minor > terms.accept_limit and not may_configure:
        raise Refused(
            f"{profile} lets lines be off by {profile.tolerance_minor:,} minor units, more than the "
            f"{terms.accept_limit:,} that one person may accept. Whoever has the “configure” permission may activate "
            "it; nothing was activated.",
            code="tolerance",
        )


def _locked(profile_id: int, by: User) -> SettlementProfile:
    rows = SettlementProfile.objects.select_related("account__merchant")
    profile = rows.filter(pk=profile_id, account__merchant__in=Merchant.objects.of(by)).first()
    if profile is None:
        raise UnknownThing("There is no such profile.", code="unknown_profile")
    _may(by, profile.account)
    _hold(profile.account)
    profile.refresh_from_db(fields=["state", "mapping", "activated_at"])
    return profile


def _hold(account: GatewayAccount) -> None:
    """One at a time for each account; the row is held until the database transaction ends."""
    GatewayAccount.objects.select_for_update(no_key=True).get(pk=account.pk)


def _may(by: User, account: GatewayAccount) -> None:
    if "reconcile" not in permissions_of(by, account.merchant_id):
        raise NotAllowed(
            "You need the “reconcile” permission to change profiles; nothing was changed.", code="permission"
        )


def _tell(profile: SettlementProfile, what: str, sentence: str, by: User, source: Source) -> None:
    record(
        verb=f"settlement_profile.{what}",
        sentence=sentence,
        source=source,
        by=by,
        merchant=profile.account.merchant,
        account=profile.account,
        details={"profile": profile.pk, "name": profile.name, "version": profile.version, "mapping": profile.mapping},
    )
