"""One POST over plain HTTP to an address of this host, and what came of it. No other host is ever spoken to."""

from __future__ import annotations

import http.client
import ipaddress
import urllib.parse
from dataclasses import dataclass

TIMEOUT_SECONDS = 5.0
ANSWER_LIMIT_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The status of the answer, or the trouble that came instead of one."""

    status: int | None = None
    trouble: str | None = None


def post(url: str, *, headers: dict[str, str], body: bytes) -> Posted:
    """Send once; redirects are not followed. Never raises."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
    except ValueError:
        return Posted(trouble="The address cannot be read.")
    if parts.scheme != "http" or not is_this_host(host):
        return Posted(trouble="Not sent: the sandbox delivers to http addresses of this host only.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", target, body=body, headers={**headers, "Connection": "close"})
        answer = connection.getresponse()
        answer.read(ANSWER_LIMIT_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Posted(trouble=f"{type(error).__name__}: {error}")
    finally:
        connection.close()
    return Posted(status=answer.status)


def is_this_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
