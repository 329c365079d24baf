"""The mail server as one address: smtp://, smtp+tls:// or smtps://user:password@host:port, or console://."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_BACKENDS = "django.core.mail.backends"


class Mail(NamedTuple):
    """Django's e-mail settings; `sends` is False where no mail server was named."""

    backend: str
    sends: bool
    host: str = "localhost"
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def mail_settings(url: str | None) -> Mail:
    """What the address says. Raises ImproperlyConfigured with a sentence that does not repeat the password."""
    if not url:
        return Mail(f"{_BACKENDS}.dummy.EmailBackend", sends=False)
    parts = urlsplit(url)
    if parts.scheme == "console":
        return Mail(f"{_BACKENDS}.console.EmailBackend", sends=True)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError):
        port = 0
    if not port or not parts.hostname:
        raise ImproperlyConfigured(
            "Nothing was started, because EMAIL_URL cannot be used: write smtp://, smtp+tls:// or smtps://, then "
            "user:password@host:port, or console://."
        )
    return Mail(
        f"{_BACKENDS}.smtp.EmailBackend",
        sends=True,
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+tls",
        tls=parts.scheme == "smtps",
    )
