"""`manage.py api_token …`: make, list and revoke keys of the JSON API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from orders.management.output import MISUSED, Errand, Report, Stop, person_named
from orders.models import ApiToken, Merchant, Source
from orders.tokens import SCOPES, TokenRefused, create_token, revoke_token


class Command(Errand):
    help = "Make, list and revoke tokens of the JSON API; a new token is printed once and never again."

    def arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        create = verbs.add_parser("create", help="A new token; it is printed once.")
        create.add_argument("--merchant", required=True, help="The merchant's name.")
        create.add_argument("--name", required=True, help="What the audit log calls it, such as the shop system.")
        create.add_argument("--scopes", required=True, help=f"Separated by commas: {', '.join(SCOPES)}.")
        create.add_argument("--days", type=int, metavar="N", help="It expires after so many days; default: never.")
        create.add_argument("--by", metavar="USER", required=True, help="Who answers for it in the audit log.")
        verbs.add_parser("list", help="All tokens.")
        revoke = verbs.add_parser("revoke", help="Nobody comes in with it any more.")
        revoke.add_argument("prefix", help="The part between the first and the second underscore.")
        revoke.add_argument("--by", metavar="USER", required=True)

    def work(self, *, verb: str, **options: Any) -> Report:
        try:
            return {"create": _create, "list": _list, "revoke": _revoke}[verb](options)
        except TokenRefused as refusal:
            raise Stop(str(refusal)) from refusal


def _create(options: dict[str, Any]) -> Report:
    days = options["days"]
    if days is not None and not 1 <= days <= 3650:
        raise Stop("A token lives 1 to 3650 days; nothing was made.", exit_code=MISUSED)
    made = create_token(
        merchant=_merchant(options["merchant"]),
        name=options["name"],
        scopes=[scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
        expires_at=timezone.now() + timedelta(days=days) if days else None,
        by=person_named(options["by"]),
        source=Source.COMMAND,
    )
    return Report(lines=[made.plain], facts={**_facts(made.token), "token": made.plain})


def _list(options: dict[str, Any]) -> Report:
    rows = list(ApiToken.objects.select_related("merchant").order_by("merchant__name", "name"))
    lines = [
        f"sod_{row.prefix}_…: {row.name} of {row.merchant.name}, {', '.join(row.scopes)}, "
        + (f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else f"last used {row.last_used_at or 'never'}")
        for row in rows
    ]
    return Report(lines=lines or ["There are no tokens."], facts={"tokens": [_facts(row) for row in rows]})


def _revoke(options: dict[str, Any]) -> Report:
    token = ApiToken.objects.filter(prefix=options["prefix"]).first()
    if token is None:
        raise Stop(f"There is no token “sod_{options['prefix'][:20]}_…”; nothing was revoked.", exit_code=MISUSED)
    revoked = revoke_token(token=token, by=person_named(options["by"]), source=Source.COMMAND)
    return Report(lines=[f"{revoked.name} is revoked; nobody comes in with it any more."], facts=_facts(revoked))


def _merchant(name: str) -> Merchant:
    merchant = Merchant.objects.filter(name=name).first()
    if merchant is None:
        raise Stop(f"There is no merchant “{name}”; nothing was made.", exit_code=MISUSED)
    return merchant


def _facts(token: ApiToken) -> dict[str, Any]:
    return {
        "prefix": token.prefix,
        "name": token.name,
        "merchant": token.merchant.name,
        "scopes": token.scopes,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
