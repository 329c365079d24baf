"""`manage.py collect`: take over the payments that gateways list and that are not known here yet."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from orders.management.output import WRONG, Errand, Report, account_named
from orders.mirror.collecting import Collection, collect_account
from orders.mirror.collecting_round import accounts_that_list
from orders.models import GatewayAccount, Source

_LISTED = 20


class Command(Errand):
    help = "Take over payments that the gateways list and that are not known here yet."

    def arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--account", metavar="NAME", help="From this account's gateway.")
        which.add_argument("--all", action="store_true", help="From every account whose gateway has a list.")

    def work(self, *, account: str | None, **options: Any) -> Report:
        accounts = [account_named(account)] if account else accounts_that_list()
        found = [(one, collect_account(one, source=Source.COMMAND)) for one in accounts]
        lines = [line for one, collection in found for line in _told(one, collection)]
        return Report(
            lines=lines or ["No account has a gateway with a list of payments."],
            facts={"accounts": [{"account": one.name, **asdict(collection)} for one, collection in found]},
            exit_code=WRONG if any(collection.problem or collection.refused for _, collection in found) else 0,
        )


def _told(account: GatewayAccount, found: Collection) -> list[str]:
    if found.problem and not found.seen:
        return [f"{account.name}: {found.problem}"]
    lines = [f"{account.name}: {found.seen} payments listed, {found.new} new, {found.changed} changed."]
    lines += [f"Not taken over: {sentence}" for sentence in found.refused[:_LISTED]]
    return [*lines, found.problem] if found.problem else lines
