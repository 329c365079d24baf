"""The rules in order, each a SELECT over `night_candidate` of the pairs that it is sure of.

A strong word (reference, the gateway's id, our id) names one movement: of several lines for it the first is the pair
and the others are left. A weak likeness must be the only one on both sides, and of a line that names another movement
it is none: that line is about the other, also where the other has its line already. What several candidates fit is
left. What a person took apart is no candidate of any rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from orders.models import Rule
from orders.reconciliation.matching.candidates import CANDIDATES

PICKED = "line_id, item, modification_id, movement_id, transaction_id, days"
"""What every rule selects, beside the part of the movement that the line covers and what the line says more."""
_WHOLE = f"{PICKED}, abs(signed) AS covered, gross - signed AS difference"

_FITS = "NOT taken AND NOT apart AND kind = type AND item_currency = currency AND abs(gross - signed) <= %(minor)s"
_EXACT = "NOT taken AND NOT apart AND kind = type AND item_currency = currency AND gross = signed"
_NEAR = "agrees AND reference_agrees AND abs(days) <= %(days)s"
_DONE, _OPEN = "standing = 'done'", "standing = 'open'"
_LIKE = f"standing <> 'failed' AND NOT names_alike AND {_EXACT} AND {_NEAR}"
_SURELY_OPEN = f"{_OPEN} AND NOT names_alike"
_NAMELESS = f"NOT never_sent AND NOT names_another AND {_EXACT} AND {_NEAR} AND same_transaction"
"""What may settle one of which nobody knows how it ended: the line has no word of any other movement, of whatever kind.
A failed one of the same payment and amount counts as one that it could be. Which of the two the gateway paid nobody can
tell, and a wrong guess would hide that a failed one was paid, or that money is asked for a second time: people decide,
or the gateway's own answer does."""


def in_order() -> Iterator[tuple[Rule, str]]:
    """Each rule and its SELECT; a rule may come several times, surer forms first."""
    yield Rule.REFERENCE, _strong(f"{_DONE} AND {_EXACT} AND same_reference AND same_gateway")
    yield Rule.REFERENCE, _rank_by_rank(f"{_DONE} AND {_EXACT} AND same_reference AND agrees")
    yield Rule.REFERENCE, _only(f"{_DONE} AND {_FITS} AND same_reference AND agrees")
    yield Rule.GATEWAY_ID, _strong(f"{_DONE} AND {_FITS} AND same_gateway")
    yield Rule.CUSTOM, _strong(f"{_DONE} AND {_FITS} AND same_id")
    yield Rule.CUSTOM, _only(f"{_LIKE} AND same_custom", keep=_DONE)
    yield Rule.COMPOSITE, _only(f"{_LIKE} AND same_transaction", keep=_DONE)
    yield Rule.REFERENCE, _only(f"{_SURELY_OPEN} AND {_FITS} AND same_reference AND agrees")
    yield Rule.GATEWAY_ID, _only(f"{_SURELY_OPEN} AND {_FITS} AND same_gateway")
    yield Rule.CUSTOM, _only(f"{_SURELY_OPEN} AND {_FITS} AND same_id")
    yield Rule.COMPOSITE, _only(_NAMELESS, keep=_OPEN)
    yield Rule.LEGS, _legs(_DONE)
    yield Rule.LEGS, _legs(_SURELY_OPEN)


def _strong(condition: str) -> str:
    """The line has this one candidate, and of the candidate's lines it is the first: nearest, earliest, topmost."""
    return (
        f"SELECT {_WHOLE} FROM (SELECT c.*, count(*) OVER (PARTITION BY line_id) AS of_line, row_number() OVER "  # noqa: S608
        "(PARTITION BY item ORDER BY abs(gross - signed), booked_on, line_id) AS place "
        f"FROM {CANDIDATES} c WHERE {condition}) seen WHERE of_line = 1 AND place = 1"
    )


def _only(condition: str, *, keep: str = "") -> str:
    """Neither the line nor the candidate has another that fulfils the condition."""
    kept = f" AND {keep}" if keep else ""
    return (
        f"SELECT {_WHOLE} FROM (SELECT c.*, count(*) OVER (PARTITION BY line_id) AS of_line, count(*) OVER "  # noqa: S608
        f"(PARTITION BY item) AS of_item FROM {CANDIDATES} c WHERE {condition}) seen "
        f"WHERE of_line = 1 AND of_item = 1{kept}"
    )


def _rank_by_rank(condition: str) -> str:
    """Alike lines and alike movements of one reference: the first with the first, when every movement has its line.

    A movement that was executed after the last of the lines was booked is nobody's candidate yet.
    """
    group = "PARTITION BY reference, transaction_id, type, gross, currency"
    return (
        f"SELECT {_WHOLE} FROM (SELECT r.*, max(line_place) OVER ({group}) AS lines, "  # noqa: S608
        f"max(item_place) OVER ({group}) AS items FROM (SELECT c.*, "
        f"dense_rank() OVER ({group} ORDER BY booked_on, line_id) AS line_place, "
        f"dense_rank() OVER ({group} ORDER BY moved_at, item) AS item_place FROM {CANDIDATES} c "
        f"WHERE {condition} AND days >= -1) r) seen WHERE line_place = item_place AND lines >= items"
    )


def _legs(standing: str) -> str:
    """Several lines of one reference add up to its only movement of that kind."""
    legs = f"{standing} AND NOT taken AND NOT apart AND kind = type AND item_currency = currency AND same_reference"
    of_item = "OVER (PARTITION BY item)"
    return (
        f"SELECT {PICKED}, abs(gross - difference) AS covered, difference FROM "  # noqa: S608
        "(SELECT leg.*, CASE WHEN line_id = last THEN total - signed ELSE 0 END AS difference FROM "
        f"(SELECT one.*, sum(gross) {of_item} AS total, count(*) {of_item} AS legs, "
        f"max(line_id) {of_item} AS last FROM "
        f"(SELECT c.*, count(*) OVER (PARTITION BY line_id) AS of_line FROM {CANDIDATES} c WHERE {legs}) one "
        "WHERE of_line = 1) leg WHERE legs > 1 AND abs(total - signed) <= %(minor)s) seen"
    )
