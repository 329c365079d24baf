"""`manage.py demo_data --orders N --seed S`: merchants, people and orders in every state, here and at the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from orders.accounts import AccountRefused
from orders.database import database_now
from orders.demo import cast, other_gateways, settlement
from orders.demo.acts import rows_of
from orders.demo.loading import CHUNK, collecting_garbage_rarely, finish, load
from orders.demo.rows import Cast
from orders.demo.sandbox_orders import SandboxAway, forget_earlier_demo, introduce_merchants, place_orders
from orders.demo.stories import Plan, plan_order
from orders.management.output import MISUSED, Errand, Report, Stop
from orders.models import GatewayAccount, Order

_LEAST_DAYS, _MOST_DAYS = 20, 365


class Command(Errand):
    help = "Fill an empty installation with demo orders. Refused in production."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=200, help="How many (default 200).")
        parser.add_argument("--seed", type=int, default=7, help="The same seed makes the same orders (default 7).")
        parser.add_argument("--if-empty", action="store_true", help="Do nothing when there are orders already.")
        parser.add_argument("--sandbox-url", default=f"http://127.0.0.1:{settings.PORT + 1}", help="Where it listens.")
        parser.add_argument("--without-sandbox", action="store_true", help="For benches: the buttons lead nowhere.")

    def work(
        self, *, orders: int, seed: int, if_empty: bool, sandbox_url: str, without_sandbox: bool, **options: Any
    ) -> Report:
        if settings.PRODUCTION:
            raise Stop("Demo data has log-ins whose password everybody knows; it is refused in production.")
        if orders < 1:
            raise Stop("Ask for at least one order.", exit_code=MISUSED)
        if Order.objects.exists():
            return _kept(sandbox_url, if_empty=if_empty)
        url = None if without_sandbox else sandbox_url.rstrip("/")
        try:
            sealed = self._make(orders, seed, url)
        except (AccountRefused, SandboxAway) as refusal:
            raise Stop(str(refusal)) from refusal
        lines = [f"{orders} demo orders are in the books, with {sealed} events in the audit log.", *_log_ins()]
        return Report(lines=lines, facts={"orders": orders, "seed": seed, "sealed": sealed})

    def _make(self, orders: int, seed: int, url: str | None) -> int:
        if url is not None:
            introduce_merchants(url)
        accounts = cast.put_on_stage(base_url=f"{url}/smartpay" if url else None)
        now = database_now()
        days = min(_MOST_DAYS, max(_LEAST_DAYS, orders // 20))
        if url is not None:
            forget_earlier_demo(url, plan_order(0, seed=seed, now=now, spread_days=days))
        players = Cast(accounts=accounts, agents=_agents(accounts))
        numbers = self.progress(range(orders), of=orders, what="Making orders")
        every = (plan_order(number, seed=seed, now=now, spread_days=days) for number in numbers)
        with collecting_garbage_rarely() as collect:
            for chunk in _chunks(every):
                if url is not None:
                    place_orders(url, chunk, now=now)
                load([rows_of(plan, players, now=now) for plan in chunk])
                collect()
        if url is not None:
            other_gateways.put_on_stage(url)
            settlement.put_on_stage(url, seed=seed)
        return finish()


def _chunks(plans: Iterator[Plan]) -> Iterator[list[Plan]]:
    while chunk := list(islice(plans, CHUNK)):
        yield chunk


def _agents(accounts: list[GatewayAccount]) -> dict[int, User]:
    people = {role.merchants[0]: role.username for role in cast.PEOPLE if role.group == "agent"}
    return {account.merchant_id: User.objects.get(username=people[account.merchant.name]) for account in accounts}


def _kept(sandbox_url: str, *, if_empty: bool) -> Report:
    if not if_empty:
        raise Stop("There are orders already; nothing was made. Demo data needs an empty database.")
    known = GatewayAccount.objects.filter(name=cast.ACCOUNTS[0].name).first()
    lines = ["There are orders already; nothing was made."]
    if known is None:
        return Report(lines=lines, facts={"orders": 0})
    here = f"{sandbox_url.rstrip('/')}/smartpay"
    if known.base_url not in (here, cast.UNREACHABLE):
        lines.append(
            f"The demo’s accounts stand at {known.base_url}, the sandbox now at {here}: their buttons do not reach it. "
            "Start on the first port again, or begin anew with `make clean`."
        )
    return Report(lines=[*lines, *_log_ins()], facts={"orders": 0})


def _log_ins() -> list[str]:
    return ["", f"Log in with the password {cast.PASSWORD} as", *(f"  {line}" for line in cast.log_ins())]
