"""What people do to gateway accounts: create one, rotate its authentication key, encrypt all keys anew."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import audit, crypto
from orders.database import database_now
from orders.gateways.addresses import BaseUrlRefused, check_base_url
from orders.gateways.registry import GATEWAYS
from orders.models import GatewayAccount, Merchant, Source

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MERCHANT_KEY_MAXIMUM = 36
"""Seed 001; a real key is not necessarily a UUID."""
AUTHENTICATION_KEY_MAXIMUM = 512
NAME_MAXIMUM = 60
BASE_URL_MAXIMUM = 300
SECRETS_OVERLAP = timedelta(hours=24)
"""How long the webhook secret before counts beside a new one: what is on its way was signed with it."""


_WEBHOOK_SECRETS = ["webhook_secret_sealed", "webhook_secret_before_sealed"]
_SEALED = ["authentication_key_sealed", *_WEBHOOK_SECRETS]


class AccountRefused(ValueError):
    """The account was not created or changed; the message is a sentence that never contains a secret."""


def create_account(
    *,
    merchant: Merchant,
    name: str,
    gateway: str,
    base_url: str,
    merchant_key: str,
    authentication_key: str,
    by: User | None,
    source: Source,
    data_url: str = "",
) -> GatewayAccount:
    """A new account, ready to send. Raises AccountRefused.

    http and addresses of this machine or network are refused unless ALLOW_INSECURE_GATEWAYS is set.
    """
    account = GatewayAccount(
        merchant=merchant,
        name=_checked_name(name),
        gateway=_checked_gateway(gateway),
        base_url=checked_base_url(base_url),
        merchant_key=checked_merchant_key(merchant_key),
        data_url=checked_base_url(data_url) if data_url else "",
    )
    account.seal_authentication_key(checked_authentication_key(authentication_key))
    try:
        with database_transaction.atomic():
            account.save(force_insert=True)
            sentence = f"Account {account.name} was created at {account.base_url} for {merchant.name}."
            audit.record(
                verb="account.created",
                sentence=sentence,
                source=source,
                by=by,
                merchant=merchant,
                account=account,
                details={"gateway": gateway, "merchant_key": account.masked_merchant_key},
            )
    except IntegrityError as error:
        raise AccountRefused(_taken(account)) from error
    return account


def rotate_authentication_key(
    *, account_id: int, authentication_key: str, by: User | None, source: Source
) -> GatewayAccount:
    """Put a new authentication key in place; the next request to the gateway uses it. Raises AccountRefused."""
    secret = checked_authentication_key(authentication_key)
    with database_transaction.atomic():
        account = GatewayAccount.objects.select_for_update().get(pk=account_id)
        account.seal_authentication_key(secret)
        account.save(update_fields=["authentication_key_sealed"])
        sentence = f"The authentication key of account {account.name} was replaced."
        audit.record(verb="account.key_rotated", sentence=sentence, source=source, by=by, account=account)
    return account


def set_webhook_secret(
    *, account_id: int, secret: str, overlaps: bool = True, by: User | None, source: Source
) -> GatewayAccount:
    """Check webhooks with this secret from now on, and for a day with the one before unless that was exposed.

    An empty one takes the check away: then every webhook is only a hint. Raises AccountRefused.
    """
    checked = checked_authentication_key(secret) if secret.strip() else ""
    with database_transaction.atomic():
        account = GatewayAccount.objects.select_for_update().get(pk=account_id)
        until = database_now() + SECRETS_OVERLAP if overlaps and checked and account.webhook_secret_sealed else None
        account.seal_webhook_secret(checked, overlap_until=until)
        account.save(update_fields=[*_WEBHOOK_SECRETS, "webhook_secret_before_until"])
        done = "replaced" if checked else "removed; its webhooks are hints from now on"
        beside = " The one before counts for another day." if until else ""
        sentence = f"The webhook secret of account {account.name} was {done}.{beside}"
        audit.record(verb="account.webhook_secret", sentence=sentence, source=source, by=by, account=account)
    return account


def set_webhook_options(*, account_id: int, options: dict[str, Any], by: User | None, source: Source) -> GatewayAccount:
    """Say how this account's webhooks are checked, such as {"scheme": "none"}; the words are the gateway's own."""
    with database_transaction.atomic():
        account = GatewayAccount.objects.select_for_update().get(pk=account_id)
        account.webhook_options = options
        account.save(update_fields=["webhook_options"])
        sentence = f"How webhooks of account {account.name} are checked was changed."
        audit.record(
            verb="account.webhook_options",
            sentence=sentence,
            source=source,
            by=by,
            account=account,
            details={"options": options},
        )
    return account


def reseal_credentials(*, by: User | None, source: Source) -> list[str]:
    """Encrypt every stored key under the newest of CREDENTIALS_KEYS; returns the names of the accounts.

    All or none: when one cannot be decrypted nothing changes, and crypto.CredentialUnreadable names the account.
    """
    with database_transaction.atomic():
        accounts = list(GatewayAccount.objects.select_for_update().order_by("pk"))
        for account in accounts:
            for column in _SEALED:
                setattr(account, column, _resealed(account, column))
            account.save(update_fields=_SEALED)
        sentence = f"The authentication keys of {len(accounts)} accounts were encrypted under the newest key."
        audit.record(verb="account.keys_resealed", sentence=sentence, source=source, by=by)
    return [account.name for account in accounts]


def checked_base_url(base_url: str) -> str:
    """The URL in one spelling (security O1). Raises AccountRefused."""
    try:
        checked = check_base_url(base_url.strip(), allow_insecure=settings.ALLOW_INSECURE_GATEWAYS)
    except BaseUrlRefused as refusal:
        raise AccountRefused(f"{refusal} Nothing was saved.") from refusal
    if len(checked) > BASE_URL_MAXIMUM:
        raise AccountRefused(f"A base URL has at most {BASE_URL_MAXIMUM} characters. Nothing was saved.")
    return checked


def checked_merchant_key(merchant_key: str) -> str:
    """One to 36 visible ASCII characters without a colon, which Basic authentication could not carry."""
    key = merchant_key.strip()
    if not 1 <= len(key) <= MERCHANT_KEY_MAXIMUM or not _visible(key) or ":" in key:
        raise AccountRefused(
            f"A merchant key has 1 to {MERCHANT_KEY_MAXIMUM} letters, digits or signs and no colon. Nothing was saved."
        )
    return key


def checked_authentication_key(secret: str) -> str:
    """The key without the line end that files have. Never repeated in a message."""
    key = secret.strip()
    if not 1 <= len(key) <= AUTHENTICATION_KEY_MAXIMUM or not _visible(key):
        raise AccountRefused(
            f"An authentication key has 1 to {AUTHENTICATION_KEY_MAXIMUM} visible ASCII characters in one line. "
            "Nothing was saved."
        )
    return key


def _checked_name(name: str) -> str:
    plain = name.strip()
    if not 1 <= len(plain) <= NAME_MAXIMUM or not plain.isprintable():
        raise AccountRefused(f"An account’s name has 1 to {NAME_MAXIMUM} characters. Nothing was saved.")
    return plain


def _checked_gateway(gateway: str) -> str:
    if gateway not in GATEWAYS:
        raise AccountRefused(f"There is no gateway “{gateway}”; there are {', '.join(GATEWAYS)}. Nothing was saved.")
    return gateway


def _resealed(account: GatewayAccount, column: str) -> str:
    sealed: str = getattr(account, column)
    try:
        return crypto.reseal(sealed) if sealed else ""
    except crypto.CredentialUnreadable as error:
        raise crypto.CredentialUnreadable(
            f"The key of account {account.name} cannot be decrypted with any key in CREDENTIALS_KEYS, so no key was "
            "changed. Put the key that encrypted it back, or rotate this account’s key first."
        ) from error


def _taken(account: GatewayAccount) -> str:
    if GatewayAccount.objects.filter(name=account.name).exists():
        return f"There is already an account called {account.name}. Nothing was saved; choose another name."
    return "There is already an account with this merchant key at this address. Nothing was saved."


def _visible(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
