"""What production refuses: each check tells what is wrong, what it would mean for the money, and what to do.

The checks run with `manage.py check` (accounts with `--database default`), and every web, worker and beat process asks
them once before it starts.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import Error as DatabaseError

SECRET_KEY_LENGTH = 50


class ProductionChecks(AppConfig):
    name = "smartpay_dashboard"

    def ready(self) -> None:
        register(production_mode, Tags.security, deploy=True)
        register(settings_for_production, Tags.security)
        register(accounts_for_production, Tags.database)


def refuse_weak_settings() -> None:
    """End this process with sentences when production is on and a setting or an account is not fit for it."""
    try:
        accounts = accounts_for_production()
    except DatabaseError:
        accounts = []  # without a database nothing can be sent; /readyz tells of it
    mistakes = [found for found in [*settings_for_production(), *accounts] if found.is_serious()]
    if mistakes:
        told = "\n".join(f"- {found.id}: {found.msg} {found.hint}" for found in mistakes)
        raise SystemExit(f"Nothing was started, because this installation is not fit for real money:\n{told}")


def production_mode(**_options: Any) -> list[CheckMessage]:
    if settings.PRODUCTION:
        return []
    return [_error(1, "PRODUCTION is off.", "Set PRODUCTION=1 on a server that moves real money.")]


def settings_for_production(**_options: Any) -> list[CheckMessage]:
    return [*_keys(), *_switches(), *_addresses(), *_timers(), *_servers()] if settings.PRODUCTION else []


def accounts_for_production(*, databases: Sequence[str] | None = ("default",), **_options: Any) -> list[CheckMessage]:
    """No account may lead to the sandbox or to this network."""
    if not settings.PRODUCTION or not databases:
        return []
    from orders.models import GatewayAccount

    return [
        _error(
            10,
            f"The gateway account “{name}” leads to {base_url}, which is no gateway's address: captures and refunds "
            "through it would move no money.",
            "Remove the account, or start without PRODUCTION.",
        )
        for name, base_url in GatewayAccount.objects.values_list("name", "base_url")
        if insecure_address(base_url)
    ]


def insecure_address(base_url: str) -> bool:
    """Plain http, this host, or a private network. Names are not looked up here; the gateway door does."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "https" or host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _keys() -> Iterator[CheckMessage]:
    if len(settings.ENVIRONMENT.SECRET_KEY or "") < SECRET_KEY_LENGTH:
        yield _error(2, "SECRET_KEY is missing or short.", f"Give {SECRET_KEY_LENGTH} random characters or more.")
    if not settings.CREDENTIALS_KEYS:
        yield _error(3, "CREDENTIALS_KEYS is missing.", "Give one Fernet key; without it no gateway key can be kept.")
    for position, key in enumerate(settings.CREDENTIALS_KEYS, start=1):
        if not _is_fernet_key(key):
            yield _error(
                3, f"Key {position} of CREDENTIALS_KEYS is no Fernet key.", "Give 32 bytes in URL-safe base64."
            )


def _switches() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield _error(4, "DEBUG is on: error pages would show settings and data.", "Set DEBUG=0.")
    if settings.ALLOW_INSECURE_GATEWAYS:
        yield _error(5, "ALLOW_INSECURE_GATEWAYS is on: credentials could travel in the clear.", "Remove it.")
    if not settings.SECURE_COOKIES:
        yield _error(6, "SECURE_COOKIES is off: sessions could be stolen on the way.", "Remove it, and serve https.")
    if os.environ.get("CRASH_FOLDER"):
        yield _error(11, "CRASH_FOLDER is set: processes would kill themselves in the middle of a send.", "Remove it.")


def _addresses() -> Iterator[CheckMessage]:
    hosts = set(settings.ALLOWED_HOSTS)
    if not hosts - {"localhost", "127.0.0.1", "[::1]"}:
        yield _error(7, "ALLOWED_HOSTS names no public host.", "Give the dashboard's host name.")
    if "*" in hosts:
        yield _error(7, "ALLOWED_HOSTS accepts every host: links could be forged.", "Name the hosts.")
    if urlsplit(settings.PUBLIC_URL).scheme != "https":
        yield _error(8, f"PUBLIC_URL is {settings.PUBLIC_URL}, not https.", "Give the dashboard's public address.")


def _timers() -> Iterator[CheckMessage]:
    from orders.gateways.registry import GATEWAYS

    deadline_seconds = max(gateway.capability({}).deadline_seconds for gateway in GATEWAYS.values())
    longest_lease_seconds = deadline_seconds + settings.LEASE_GRACE_SECONDS
    visibility_seconds = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    if visibility_seconds <= longest_lease_seconds:
        yield _error(
            9,
            f"The broker delivers a task again after {visibility_seconds} s, but a lease may last "
            f"{longest_lease_seconds} s.",
            "Lower LEASE_GRACE_SECONDS.",
        )


def _servers() -> Iterator[CheckMessage]:
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield Warning(
            "The database is SQLite: one host, one writer, and a backup is yours to make.",
            hint="Set DATABASE_URL to a PostgreSQL server when more than one host serves the dashboard.",
            id="dashboard.W001",
        )
    redis = urlsplit(settings.ENVIRONMENT.REDIS_URL or "")
    if redis.scheme in {"redis", "rediss"} and not redis.password:
        yield Warning(
            "The broker in REDIS_URL asks for no password: whoever reaches it can ring for work and lift rate limits.",
            hint="Give the server a password or an ACL, and bind it to a private address.",
            id="dashboard.W002",
        )


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"dashboard.E{number:03}")
