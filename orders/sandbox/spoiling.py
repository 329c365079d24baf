"""How any gateway misbehaves when a fault strikes: replies instead of work, and deliveries that are lost or spoilt.

What a refusal says is each gateway's own: the caller gives `say`, which words the reply for an HTTP status.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from orders.sandbox.fault_kinds import KINDS, Stage
from orders.sandbox.faults import Strike
from orders.sandbox.wire import Reply

REDIRECT_PREFIX = "/_redirected"
RETRY_AFTER_SECONDS = 2
PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
LOGIN_PAGE = b"<!doctype html><html><title>Maintenance</title><body><p>We will be right back.</p></body></html>"
HTML = "text/html; charset=utf-8"
MANNERS = {
    "lose_reply": "reset",
    "hang_after": "hang",
    "drip": "drip_body",
    "drip_status": "drip_status",
    "drip_headers": "drip_headers",
    "drip_body": "drip_body",
    "truncate": "truncate",
    "endless": "endless",
}
STATUS = {"conflict_409": 409, "unauthorized": 401, "forbidden": 403, "too_many": 429, "unavailable": 503}
WITH_RETRY_AFTER = frozenset({429, 503})

Say = Callable[[int], Reply]


def reply_before(strike: Strike, path: str, *, say: Say) -> Reply | None:
    """The reply of a fault that prevents the work, or None when the work goes on."""
    if KINDS[strike.fault].stage is not Stage.BEFORE or strike.fault == "slow":
        return None
    if strike.fault in ("reset_before", "close_before"):
        return Reply(manner=strike.fault.removesuffix("_before"))
    if strike.fault.startswith("redirect_"):
        status = int(strike.fault.removeprefix("redirect_"))
        return Reply(status=status, headers=(("Location", REDIRECT_PREFIX + path),))
    if strike.fault == "error_502_html":
        return Reply(status=502, body=PROXY_PAGE, content_type=HTML)
    reply = say(STATUS.get(strike.fault, 500))
    if reply.status not in WITH_RETRY_AFTER:
        return reply
    seconds = RETRY_AFTER_SECONDS if strike.seconds is None else int(strike.seconds)
    return replace(reply, headers=(*reply.headers, ("Retry-After", str(seconds))))


def spoilt(reply: Reply, strike: Strike | None, *, say: Say) -> Reply:
    """The reply as it is delivered under a fault; without one, the reply itself."""
    if strike is None or KINDS[strike.fault].stage is not Stage.DELIVERY:
        return reply
    if strike.fault in MANNERS:
        return replace(reply, manner=MANNERS[strike.fault], seconds=strike.seconds)
    if strike.fault in ("error_500_after", "status_error_after"):
        return say(500)
    if strike.fault == "html_200":
        return Reply(body=LOGIN_PAGE, content_type=HTML)
    if strike.fault == "empty_200":
        return Reply()
    return Reply(body=reply.body[: len(reply.body) // 2]) if strike.fault == "bad_json" else reply
