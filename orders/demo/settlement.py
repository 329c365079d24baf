"""The demo's mornings: settlement files of the last days, as the sandbox writes them, with a few mistakes.

They are received and matched like any other file, and each day's night is run when its files are there, so that the
reconciliation begins with something to say and nothing is left to be made up for.
"""

from __future__ import annotations

import urllib.error
from datetime import date, timedelta
from urllib.parse import urlencode

from orders.database import database_now
from orders.demo.cast import ACCOUNTS, CARDS, INSTALMENTS, AccountRole
from orders.demo.sandbox_orders import SandboxAway, opened
from orders.models import GatewayAccount, ProfileState, SettlementProfile, SettlementTerms, Source
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.receiving import receive
from orders.reconciliation.nights.due import nights_due
from orders.reconciliation.nights.night import run_night
from orders.reconciliation.runs import work_on

DAYS = 10
ANOMALIES = 1_200
"""Basis points of the movements that meet a mistake: more than real files have, so that every morning has a story."""
FEE_BASIS_POINTS = 150


def put_on_stage(url: str, *, seed: int) -> int:
    """Give every account a profile and terms, take its files in and run the night of each day; returns how many files.

    Raises SandboxAway.
    """
    today = database_now().date()
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    accounts = {role: _account(role, days[0]) for role in (*ACCOUNTS, INSTALMENTS, CARDS)}
    taken = 0
    for day in days:
        taken += sum(_take_in(url, role, account, day, seed) for role, account in accounts.items())
        _sleep_over(list(accounts.values()), day)
    return taken


def _account(role: AccountRole, first: date) -> GatewayAccount:
    account = GatewayAccount.objects.select_related("merchant").get(name=role.name)
    SettlementTerms.objects.get_or_create(
        account=account,
        defaults={
            "expected_from": first,
            # The sandbox settles every day, on the day itself; a real gateway takes a day or two.
            "business_days": "1234567",
            "delay_days": 0,
            "fee_basis_points": FEE_BASIS_POINTS,
            "drop_folder": f"account-{account.pk}",
        },
    )
    return account


def _take_in(url: str, role: AccountRole, account: GatewayAccount, day: date, seed: int) -> bool:
    content = _file(url, role, day, seed)
    if content.count(b"\n") <= 1:
        return False
    received = receive(
        account,
        name=f"settlement-{day.isoformat()}.csv",
        chunks=[content],
        business_date=day,
        profile=_profile(account),
        by=None,
        source=Source.COMMAND,
    )
    work_on(received.file.pk)
    return True


def _sleep_over(accounts: list[GatewayAccount], day: date) -> None:
    """The nights that have begun by the end of this day, so that none is left to be made up for."""
    for due in nights_due(accounts, database_now()):
        if due.day <= day:
            run_night(due)


def _profile(account: GatewayAccount) -> SettlementProfile:
    now = database_now()
    profile, _ = SettlementProfile.objects.get_or_create(
        account=account,
        name="daily",
        defaults={
            "mapping": SANDBOX_MAPPING.to_json(),
            "state": ProfileState.ACTIVE,
            "note": "The sandbox's own file.",
            "made_at": now,
            "activated_at": now,
        },
    )
    return profile


def _file(url: str, role: AccountRole, day: date, seed: int) -> bytes:
    """Empty where the gateway made no file of that day, which is one of the mistakes."""
    query = urlencode(
        {
            "gateway": role.gateway,
            "merchantKey": role.sandbox_key,
            "date": day.isoformat(),
            "anomalies": ANOMALIES,
            "seed": seed,
        }
    )
    try:
        with opened(f"{url}/_settlement?{query}") as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return b""
        raise SandboxAway(f"The sandbox gave no settlement file: {error.reason}.") from error
    except OSError as error:
        raise SandboxAway(f"The sandbox gave no settlement file ({error}).") from error
