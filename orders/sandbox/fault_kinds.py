"""Every kind of fault, in one table: what it does, when it strikes, and the magic cents that ask for it.

A magic amount is an amount sent in a capture, refund or new payment whose last two digits stand in this table:
refunding 25.21 loses the reply. It strikes the first request with that modification id only, so that a retry with the
same bytes succeeds. None ends in 0, 5 or 9 or lies below ten cents, because prices and boundary tests do. The dial
`magicAmounts` switches all of them off.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """When a fault strikes, seen from the ledger."""

    BEFORE = "nothing is executed"
    REFUSAL = "refused, and the refusal is kept"
    EXECUTION = "executed differently"
    ANSWER = "executed; the kept answer is wrong"
    DELIVERY = "executed and kept; the answer is lost or spoilt on the way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One fault. `magic` are the last two digits of the minor amount."""

    name: str
    stage: Stage
    magic: int
    does: str


def _kinds(stage: Stage, *rows: tuple[str, int, str]) -> list[Kind]:
    return [Kind(name=name, stage=stage, magic=magic, does=does) for name, magic, does in rows]


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in [
        *_kinds(
            Stage.REFUSAL,
            ("refuse", 36, "400, shape 2: a business refusal"),
            ("refuse_provider", 37, "400, shape 1: the payment provider refuses"),
            ("refuse_200", 38, "200 with an error inside and status FAILED"),
        ),
        *_kinds(
            Stage.BEFORE,
            ("reset_before", 11, "the connection is reset before anything happens"),
            ("close_before", 12, "the connection is closed without an answer before anything happens"),
            ("error_500_before", 13, "500, shape 2 without a code"),
            ("error_502_html", 14, "502 with an HTML page, as a proxy would"),
            ("conflict_409", 41, "409, as if the first request were still running"),
            ("redirect_307", 42, "307 to a path of the sandbox's own, which counts hits"),
            ("redirect_302", 43, "302 to a path of the sandbox's own, which counts hits"),
            ("unauthorized", 44, "401 whatever the credentials are"),
            ("forbidden", 51, "403 whatever the credentials are"),
            ("too_many", 52, "429 with Retry-After"),
            ("unavailable", 53, "503 with Retry-After"),
            ("status_error_before", 46, "nothing happens; gateway C answers 200 with the status error, the others 500"),
            ("slow", 54, "waits before doing anything"),
        ),
        *_kinds(
            Stage.DELIVERY,
            ("lose_reply", 21, "executes, then resets the connection"),
            ("hang_after", 22, "executes, then says nothing and keeps the connection open"),
            ("error_500_after", 23, "executes, then answers 500; the true answer is kept for a retry"),
            ("slow_after", 24, "executes, then waits before it answers"),
            ("drip", 61, "executes; the body comes one byte at a time"),
            ("drip_status", 62, "executes; everything comes one byte at a time, from the status line on"),
            ("drip_headers", 63, "executes; headers and body come one byte at a time"),
            ("drip_body", 64, "executes; the body comes one byte at a time"),
            ("truncate", 71, "executes; half of the announced body comes, then the end"),
            ("endless", 72, "executes; the body never seems to end"),
            ("html_200", 73, "executes; 200 with an HTML page"),
            ("empty_200", 74, "executes; 200 with an empty body"),
            ("status_error_after", 47, "executes; gateway C answers 200 with the status error, the others 500"),
            ("bad_json", 81, "executes; 200 with a body that is not JSON"),
        ),
        *_kinds(
            Stage.ANSWER,
            ("wrong_currency", 82, "executes rightly, answers with another currency"),
            ("wrong_amount", 83, "executes rightly, answers with another amount"),
            ("missing_reference", 84, "answers without any reconciliationReferenceId"),
            ("missing_modification", 91, "answers without the modification object"),
            ("amount_false", 92, "answers with amount: false, as the documents' own example does"),
            ("unknown_status", 93, "answers with a status that nobody has heard of"),
        ),
        *_kinds(
            Stage.EXECUTION,
            ("wrong_amount_executed", 94, "executes another amount, and says so"),
            ("split_leg_fails", 33, "executes; the last leg of the split fails alone (gateway A)"),
            ("programme_refund_fails", 34, "executes; the programme refund fails alone (gateway A)"),
            ("pending", 31, "answers *_PENDING and ends well after the asynchronous delay"),
            ("pending_then_failed", 32, "answers *_PENDING and ends FAILED after the asynchronous delay"),
        ),
    ]
}
BY_MAGIC = {kind.magic: kind.name for kind in KINDS.values()}
