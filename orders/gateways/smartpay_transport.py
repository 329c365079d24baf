"""What one exchange with gateway A means before its body is read: faults, statuses, pauses.

Shared by sending and by reading; the table is money-safety's “What an outcome means” (3.5).
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime

from orders.gateways.base import Fault, Observation
from orders.gateways.exact_json import Unreadable, read_object
from orders.gateways.smartpay_reading import Problem, read_problem

RETRY_AFTER_MAXIMUM_SECONDS = 3600
KEY_REFUSED = frozenset({401, 403})
DEFINITIVE_REFUSALS = frozenset({400, 404, 422})

FAULT_SENTENCES = {
    Fault.RESOLVE: "The gateway's host name led nowhere; nothing was sent.",
    Fault.REFUSED: "Nobody could be reached at the gateway's address; nothing was sent.",
    Fault.TLS: "No safe connection to the gateway could be made; nothing was sent.",
    Fault.LEASE: "The worker had been paused for too long to send safely; nothing was sent.",
    Fault.TIMEOUT: "The gateway did not answer in time.",
    Fault.RESET: "The connection broke before the answer was complete.",
    Fault.TRUNCATED: "The answer ended early.",
    Fault.TOO_LARGE: "The answer was larger than 1 MiB and was not read.",
    Fault.MALFORMED: "What came back was not HTTP.",
}


def fault_sentence(seen: Observation) -> str:
    """Why there is no whole answer; whether the request had left is said as well."""
    if seen.fault is None:
        return "No answer came."
    sentence = FAULT_SENTENCES[seen.fault]
    return sentence if seen.sent or "nothing was sent" in sentence else f"{sentence[:-1]}; nothing was sent."


def pause_sentence(seen: Observation) -> str:
    """Why the account must not send any more until somebody looks; "" when it may go on."""
    if seen.status in KEY_REFUSED:
        return (
            f"SmartPay refused the account's keys (HTTP {seen.status}). Nothing is sent until the keys are corrected "
            "and the account is resumed."
        )
    if is_redirect(seen):
        return (
            f"The base URL answered with a redirect (HTTP {seen.status}), which is never followed with money. "
            "Nothing is sent until the base URL is corrected and the account is resumed."
        )
    return ""


def is_redirect(seen: Observation) -> bool:
    return seen.status is not None and 300 <= seen.status < 400


def is_success(seen: Observation) -> bool:
    """Any 2xx: 201 answers an authorization, 200 a modification (A.10 row 27)."""
    return seen.status is not None and 200 <= seen.status < 300


def stated_problem(seen: Observation) -> Problem:
    """The gateway's own error body, either shape; `stated` is False for HTML, an empty body or somebody else's JSON."""
    try:
        return read_problem(read_object(seen.body, warn=lambda _warning: None))
    except Unreadable:
        return Problem()


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> int | None:
    """Retry-After as whole seconds from now, given in seconds or as an HTTP date, at most an hour; None without one."""
    value = next((text.strip() for name, text in headers.items() if name.lower() == "retry-after"), "")
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), RETRY_AFTER_MAXIMUM_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
    return max(0, min(int(seconds), RETRY_AFTER_MAXIMUM_SECONDS))
