"""Keys of the JSON API: made and shown once, recognised by their hash, revoked for good.

Each token acts as a user of its own without a password, whose permissions are the token's scopes: rules, workers and
the audit log treat a shop like anybody else, and what a revoked token has queued is no longer sent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import Permission, User
from django.db import IntegrityError
from django.db import transaction as database_transaction
from django.db.models import Q
from django.utils import timezone

from orders import audit
from orders.logins import acting
from orders.models import ApiToken, Membership, Merchant, Source
from orders.permissions import WORDS, permissions_of

SCOPES: dict[str, tuple[str, frozenset[str]]] = {
    "orders:read": ("Read orders, transactions, modifications and capabilities", frozenset({"view"})),
    "orders:write": ("Create and update orders", frozenset()),
    "captures:write": ("Capture", frozenset({"capture"})),
    "cancellations:write": ("Cancel", frozenset({"cancel"})),
    "refunds:write": ("Refund and void; reverse together with cancellations:write", frozenset({"refund"})),
    "payments:write": ("Ask for new payments", frozenset({"authorize"})),
}
"""What a token may be allowed: what it means for people, and the words of the rules that its user then has."""

NAME_MAXIMUM = 60
USED_EVERY = timedelta(minutes=1)
"""How exactly the last use is written down: one row update a minute is enough."""
_PREFIX_LENGTH = 10
_SECRET_LENGTH = 40
_PREFIX_SIGNS = string.ascii_lowercase + string.digits
_SECRET_SIGNS = string.ascii_letters + string.digits
_SHAPE = re.compile(rf"sod_([a-z0-9]{{{_PREFIX_LENGTH}}})_([A-Za-z0-9]{{{_SECRET_LENGTH}}})")
_NOBODYS_HASH = hashlib.sha256(b"").hexdigest()


class TokenRefused(ValueError):
    """No token was made or revoked; the message is a sentence."""


class NotAccepted(Exception):
    """Nobody comes in with this token; the message is a sentence, `code` the reason for programs."""

    def __init__(self, sentence: str, *, code: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A token just made. `plain` is what the shop sends; it is nowhere else and cannot be shown again."""

    token: ApiToken
    plain: str

    def __repr__(self) -> str:
        return f"NewToken({self.token})"


def create_token(
    *,
    merchant: Merchant,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    by: User,
    source: Source,
) -> NewToken:
    """A token of the merchant with these scopes, and the user it acts as. Raises TokenRefused.

    `by` needs the permission to configure, and can give a token only what they may do themselves.
    """
    plain_name = _checked_name(name)
    chosen = _checked_scopes(scopes, by=by, merchant=merchant)
    if expires_at is not None and expires_at <= timezone.now():
        raise TokenRefused("The day on which the token expires is past. Nothing was made.")
    prefix, secret = _random(_PREFIX_SIGNS, _PREFIX_LENGTH), _random(_SECRET_SIGNS, _SECRET_LENGTH)
    try:
        with database_transaction.atomic(), acting(by, source):
            token = ApiToken.objects.create(
                merchant=merchant,
                name=plain_name,
                prefix=prefix,
                secret_sha256=_hash(secret),
                scopes=chosen,
                acts_as=_make_user(merchant, plain_name, prefix, chosen),
                created_by=by,
                created_at=timezone.now(),
                expires_at=expires_at,
            )
            _record("created", f"made the API token {token} with {', '.join(chosen)}", token, by, source)
    except IntegrityError as taken:
        raise TokenRefused(
            f"{merchant.name} already has a token called “{plain_name}”, perhaps a revoked one. Nothing was made; "
            "choose another name."
        ) from taken
    return NewToken(token=token, plain=f"sod_{prefix}_{secret}")


def revoke_token(*, token: ApiToken, by: User, source: Source) -> ApiToken:
    """Nobody comes in with it any more, and what it queued is not sent; revoking twice is revoking once.

    Raises TokenRefused.
    """
    if "configure" not in permissions_of(by, token.merchant_id):
        raise TokenRefused("You may not revoke this merchant’s tokens. Nothing was changed.")
    with database_transaction.atomic(), acting(by, source):
        row = ApiToken.objects.select_for_update(of=("self",)).select_related("acts_as", "merchant").get(pk=token.pk)
        if row.revoked_at is not None:
            return row
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        row.acts_as.is_active = False
        row.acts_as.save(update_fields=["is_active"])
        _record("revoked", f"revoked the API token {row}", row, by, source)
    return row


def token_of(plain: str, *, now: datetime) -> ApiToken:
    """The token with its user and merchant, its use written down. Raises NotAccepted.

    An unknown token costs the same time as a wrong secret; why a token is not accepted is told only to its holder.
    """
    shaped = _SHAPE.fullmatch(plain)
    prefix, secret = shaped.groups() if shaped else ("", "")
    row = ApiToken.objects.select_related("acts_as", "merchant").filter(prefix=prefix).first()
    known_hash = row.secret_sha256 if row is not None else _NOBODYS_HASH
    matches = hmac.compare_digest(_hash(secret), known_hash)
    if row is None or not shaped or not matches:
        raise NotAccepted("This is not a token of ours. Nothing was done.", code="unknown_token")
    if row.revoked_at is not None or not row.acts_as.is_active:
        raise NotAccepted("This token was revoked. Nothing was done; ask for a new one.", code="revoked_token")
    if row.expires_at is not None and row.expires_at <= now:
        raise NotAccepted("This token has expired. Nothing was done; ask for a new one.", code="expired_token")
    _note_use(row, now)
    return row


def grantable_scopes(person: User, merchant: Merchant) -> dict[str, bool]:
    """Every scope, and whether this person may give it to a token of the merchant."""
    own = permissions_of(person, merchant.pk)
    return {scope: "configure" in own and words <= own for scope, (_, words) in SCOPES.items()}


def _checked_name(name: str) -> str:
    plain = name.strip()
    if not 1 <= len(plain) <= NAME_MAXIMUM or not plain.isprintable():
        raise TokenRefused(f"A token’s name has 1 to {NAME_MAXIMUM} characters in one line. Nothing was made.")
    return plain


def _checked_scopes(scopes: Collection[str], *, by: User, merchant: Merchant) -> list[str]:
    """In the order of SCOPES, each once."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise TokenRefused(f"There is no scope “{unknown[0][:40]}”; there are {', '.join(SCOPES)}. Nothing was made.")
    if not scopes:
        raise TokenRefused("Choose at least one scope: a token without any could do nothing. Nothing was made.")
    grantable = grantable_scopes(by, merchant)
    withheld = [scope for scope in SCOPES if scope in scopes and not grantable[scope]]
    if withheld:
        raise TokenRefused(
            f"You may not give a token {', '.join(withheld)}: that takes the permission to configure, and what "
            "the token may do you must be allowed yourself. Nothing was made."
        )
    return [scope for scope in SCOPES if scope in scopes]


def _make_user(merchant: Merchant, name: str, prefix: str, scopes: Collection[str]) -> User:
    """Readable in the audit log, without a password, a member of this merchant and in no group."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()
    user = User.objects.create_user(username="-".join(part for part in ("api", readable, prefix) if part))
    Membership.objects.create(user=user, merchant=merchant)
    words = frozenset[str]().union(*(SCOPES[scope][1] for scope in scopes))
    codenames = [codename for codename, word in WORDS.items() if word in words]
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="orders", codename__in=codenames),
    )
    return user


def _note_use(row: ApiToken, now: datetime) -> None:
    if row.last_used_at is not None and now - row.last_used_at < USED_EVERY:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USED_EVERY)
    ApiToken.objects.filter(stale, pk=row.pk).update(last_used_at=now)


def _record(verb: str, what: str, token: ApiToken, by: User, source: Source) -> None:
    audit.record(
        verb=f"api_token.{verb}",
        sentence=f"{by.get_username()} {what}.",
        source=source,
        by=by,
        merchant=token.merchant,
        details={"token": str(token.pk), "prefix": token.prefix, "scopes": token.scopes},
    )


def _random(signs: str, length: int) -> str:
    return "".join(secrets.choice(signs) for _ in range(length))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
