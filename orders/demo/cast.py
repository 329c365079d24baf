"""Who plays in the demo: merchants, their accounts at the sandbox, and one person for each group."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

from orders.accounts import create_account
from orders.groups import seeded_group
from orders.models import GatewayAccount, Membership, Merchant, Source

PASSWORD = "orders-in-good-hands"  # noqa: S105  printed on purpose; the command refuses to run in production
UNREACHABLE = "https://sandbox.invalid/smartpay"


@dataclass(frozen=True, kw_only=True)
class AccountRole:
    """One account; `share` of a hundred generated orders are its, `path` is its gateway's place in the sandbox."""

    name: str
    merchant: str
    merchant_key: str
    authentication_key: str
    currencies: tuple[str, ...] = ()
    share: int = 0
    gateway: str = "smartpay"
    path: str = "/smartpay"
    webhook_secret: str = ""

    @property
    def sandbox_key(self) -> str:
        """By which the sandbox knows the merchant: gateway B has no key but the secret one."""
        return self.authentication_key if self.gateway == "smartpay_orders" else self.merchant_key


@dataclass(frozen=True, kw_only=True)
class PersonRole:
    """One log-in and what it is good for."""

    username: str
    full_name: str
    group: str
    merchants: tuple[str, ...]
    note: str
    staff: bool = False


NORDLICHT, KONTOR = "Nordlicht Outdoor", "Kaffee Kontor"
TIME_ZONES = {NORDLICHT: "Europe/Berlin", KONTOR: "Europe/Vienna"}
ACCOUNTS = (
    AccountRole(
        name="Nordlicht Europe",
        merchant=NORDLICHT,
        merchant_key="3f1c52f0-demo-nordlicht-eu",
        authentication_key="demo-secret-of-nordlicht-eu",
        currencies=("EUR", "EUR", "EUR", "GBP"),
        share=60,
    ),
    AccountRole(
        name="Nordlicht Japan",
        merchant=NORDLICHT,
        merchant_key="8d7a91b4-demo-nordlicht-jp",
        authentication_key="demo-secret-of-nordlicht-jp",
        currencies=("JPY",),
        share=12,
    ),
    AccountRole(
        name="Kaffee Kontor",
        merchant=KONTOR,
        merchant_key="c06e33d2-demo-kontor",
        authentication_key="demo-secret-of-kontor",
        currencies=("EUR", "EUR", "USD"),
        share=28,
    ),
)
INSTALMENTS = AccountRole(
    name="Nordlicht Instalments",
    merchant=NORDLICHT,
    merchant_key="demo-nordlicht-instalments",
    authentication_key="sk_test_NordlichtInstalments7",
    gateway="smartpay_orders",
    path="/smartpay-orders/v1",
    webhook_secret="demoSecretOfNordlichtInstalmentsAbcdefgh",  # noqa: S106  40 characters of base 62
)
CARDS = AccountRole(
    name="Nordlicht Cards",
    merchant=NORDLICHT,
    merchant_key="demo-nordlicht-cards",
    authentication_key="demo-token-of-nordlicht-cards",
    gateway="smarterpay",
    path="/smarterpay",
    webhook_secret="demo-webhook-secret-of-nordlicht-cards",  # noqa: S106
)
BOTH = (NORDLICHT, KONTOR)
PEOPLE = (
    PersonRole(username="anna", full_name="Anna Berg", group="agent", merchants=(NORDLICHT,), note="captures, refunds"),
    PersonRole(username="otto", full_name="Otto Lang", group="agent", merchants=(KONTOR,), note="the other merchant"),
    PersonRole(
        username="sam", full_name="Sam Weber", group="supervisor", merchants=BOTH, note="repairs, exports", staff=True
    ),
    PersonRole(
        username="sue", full_name="Sue Vogel", group="supervisor", merchants=BOTH, note="the second person", staff=True
    ),
    PersonRole(username="fay", full_name="Fay Roth", group="finance", merchants=BOTH, note="settles and closes months"),
    PersonRole(
        username="ines", full_name="Ines Kraft", group="integrator", merchants=BOTH, note="accounts", staff=True
    ),
    PersonRole(username="vic", full_name="Vic Sommer", group="viewer", merchants=(NORDLICHT,), note="only looks"),
)
ADMINISTRATOR = "admin"


def put_on_stage(*, base_url: str | None) -> list[GatewayAccount]:
    """Make what is missing: groups, merchants, people, accounts. Returns the accounts in the order of ACCOUNTS.

    Without a base URL the accounts lead nowhere, and what is pending stays pending.
    """
    merchants = {
        name: Merchant.objects.get_or_create(name=name, defaults={"time_zone": zone})[0]
        for name, zone in TIME_ZONES.items()
    }
    hashed = make_password(PASSWORD)  # once: a good hash is slow
    for role in PEOPLE:
        _person(role, merchants, hashed)
    _administrator(hashed)
    return [account_of(role, base_url or UNREACHABLE) for role in ACCOUNTS]


def log_ins() -> list[str]:
    """A line for each person, as the command prints them."""
    lines = [f"{role.username:<6} {role.group:<11} {role.note} ({', '.join(role.merchants)})" for role in PEOPLE]
    return [*lines, f"{ADMINISTRATOR:<6} {'superuser':<11} everything, and the admin at /admin/"]


def _person(role: PersonRole, merchants: dict[str, Merchant], hashed: str) -> None:
    first, _, last = role.full_name.partition(" ")
    facts = {"first_name": first, "last_name": last, "is_staff": role.staff, "password": hashed}
    person, made = User.objects.get_or_create(username=role.username, defaults=facts)
    if made:
        person.groups.add(seeded_group(role.group))
        for name in role.merchants:
            Membership.objects.create(user=person, merchant=merchants[name])


def _administrator(hashed: str) -> None:
    facts = {"is_staff": True, "is_superuser": True, "password": hashed}
    User.objects.get_or_create(username=ADMINISTRATOR, defaults=facts)


def account_of(role: AccountRole, base_url: str) -> GatewayAccount:
    """The account of this role, made when it is missing."""
    known = GatewayAccount.objects.filter(name=role.name).first()
    return known or create_account(
        merchant=Merchant.objects.get(name=role.merchant),
        name=role.name,
        gateway=role.gateway,
        base_url=base_url,
        merchant_key=role.merchant_key,
        authentication_key=role.authentication_key,
        by=None,
        source=Source.COMMAND,
    )
