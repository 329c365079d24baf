"""What one exchange means before its body is read: faults, redirects, refused keys, waiting times.

Shared by the gateways, by sending and by reading; the table is money-safety's “What an answer means”.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime

from orders.gateways.base import Facts, Fault, Fetched, Observation, Outcome, Verdict

RETRY_AFTER_MAXIMUM_SECONDS = 3600

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


def refusal_sentence(seen: Observation, title: str) -> str:
    """What staff read of a key that the gateway `title` did not take."""
    return f"{title} refused the account's keys (HTTP {seen.status})."


def pause_sentence(seen: Observation, *, title: str, key_refused: bool) -> str:
    """Why the account must not send any more until somebody looks; "" when it may go on.

    `key_refused` is the gateway's own reading: a 403 is about the key at one and about an amount at another.
    """
    if seen.fault is not None:
        return ""
    if key_refused:
        return (
            f"{refusal_sentence(seen, title)[:-1]}. Nothing is sent until the keys are corrected "
            "and the account is resumed."
        )
    if is_redirect(seen):
        return (
            f"The base URL answered with a redirect (HTTP {seen.status}), which is never followed with money. "
            "Nothing is sent until the base URL is corrected and the account is resumed."
        )
    return ""


def status_sentence(seen: Observation, title: str) -> str:
    """An answer that is neither a success nor a refusal to be believed."""
    if is_redirect(seen):
        return f"The gateway's address answered with a redirect (HTTP {seen.status}); it was not followed."
    return f"{title} answered HTTP {seen.status}, which does not tell whether the money moved."


def is_redirect(seen: Observation) -> bool:
    return seen.status is not None and 300 <= seen.status < 400


def is_success(seen: Observation) -> bool:
    """Any 2xx."""
    return seen.status is not None and 200 <= seen.status < 300


def judged(
    seen: Observation,
    verdict: Verdict,
    reason: str,
    facts: Facts | None = None,
    *,
    title: str,
    key_refused: bool = False,
    review: bool = False,
) -> Outcome:
    """The outcome with what every exchange carries: waiting time, pause, and a person for a redirect."""
    return Outcome(
        verdict=verdict,
        reason=reason,
        facts=facts or Facts(),
        retry_after_seconds=retry_after_seconds(seen.headers),
        pause_account=pause_sentence(seen, title=title, key_refused=key_refused),
        review=review or (seen.fault is None and is_redirect(seen)),
        observation=seen,
    )


def not_fetched(seen: Observation, *, title: str, key_refused: bool, missing: bool) -> Fetched:
    """A read that brought no transaction; `missing` when the gateway itself said that there is none."""
    told = f"{title} has no such transaction." if missing else f"{title} answered HTTP {seen.status}."
    return Fetched(
        snapshot=None,
        reason=told if seen.fault is None else fault_sentence(seen),
        missing=missing,
        pause_account=pause_sentence(seen, title=title, key_refused=key_refused),
        retry_after_seconds=retry_after_seconds(seen.headers),
        observation=seen,
    )


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
