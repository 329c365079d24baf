"""The kill switches: stop sending through one account, or everywhere. `review` resumes an account, by two people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.models import GatewayAccount, Merchant, Source, Switch
from orders.modifications import breaker
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

STARTED_PAUSED = "The installation is started with PAUSE_SUBMITS."


def sending_paused() -> str:
    """Why nothing is sent anywhere; empty while sending goes on."""
    if settings.PAUSE_SUBMITS:
        return STARTED_PAUSED
    return Switch.objects.exclude(paused_at=None).values_list("paused_reason", flat=True).first() or ""


def pause_account(*, account_id: int, reason: str, by: User, source: Source) -> GatewayAccount:
    """Send nothing more through this account; what is in the air comes home. A second reason is added to the first."""
    _check_reason(reason)
    account = GatewayAccount.objects.filter(pk=account_id, merchant__in=Merchant.objects.of(by)).first()
    if account is None:
        raise UnknownThing("There is no such account.", code="unknown_account")
    if not permissions_of(by, account.merchant_id) & {"configure", "repair"}:
        _refuse("account.pause_refused", "You may not pause this account.", by=by, source=source, account=account)
    return in_one_transaction(lambda: _pause(account, reason.strip(), by, source))


_NOT_YOURS = (
    "Only an administrator of this installation switches sending everywhere. Nothing changed; pause an account."
)


def may_switch_everything(person: User | AnonymousUser) -> bool:
    """Only who runs the installation: a switch that stops every merchant belongs to none of them."""
    return person.is_active and person.is_superuser


def pause_everything(*, reason: str, by: User, source: Source) -> None:
    """Send nothing anywhere, for any merchant."""
    _check_reason(reason)
    if not may_switch_everything(by):
        _refuse(
            "sending.pause_refused",
            _NOT_YOURS,
            by=by,
            source=source,
        )
    in_one_transaction(lambda: _switch(reason.strip()[:300], by, source))


def resume_everything(*, by: User, source: Source) -> None:
    """Let sending go on where accounts are not paused themselves."""
    if not may_switch_everything(by):
        _refuse(
            "sending.resume_refused",
            _NOT_YOURS,
            by=by,
            source=source,
        )
    in_one_transaction(lambda: _switch("", by, source))


def _pause(account: GatewayAccount, reason: str, by: User, source: Source) -> GatewayAccount:
    if breaker.stop(account.pk, reason, database_now()):
        audit.record(
            verb="account.paused",
            sentence=f"{by.get_username()} paused sending through {account.name}: {reason}",
            source=source,
            by=by,
            account=account,
        )
    account.refresh_from_db()
    return account


def _switch(reason: str, by: User, source: Source) -> None:
    Switch.objects.update_or_create(
        pk=1, defaults={"paused_reason": reason, "paused_at": database_now() if reason else None}
    )
    audit.record(
        verb="sending.paused" if reason else "sending.resumed",
        sentence=f"{by.get_username()} paused all sending: {reason}"
        if reason
        else f"{by.get_username()} resumed sending.",
        source=source,
        by=by,
    )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise NotAllowed("Say why; nothing was paused.", code="reason")


def _refuse(verb: str, sentence: str, *, by: User, source: Source, account: GatewayAccount | None = None) -> None:
    audit.record_refusal(verb=verb, sentence=sentence, source=source, by=by, account=account)
    raise NotAllowed(sentence, code="permission")
