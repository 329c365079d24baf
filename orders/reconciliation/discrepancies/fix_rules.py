"""May this person use this fix on this discrepancy? One pure function that page, POST, bulk and command share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orders.models import DiscrepancyState as S
from orders.models import DiscrepancyType as T
from orders.models.discrepancy import UNSETTLED
from orders.money import Money
from orders.reconciliation.discrepancies.fix_facts import (
    ADOPTABLE,
    ENDS_WHEN_MET,
    LINKABLE,
    MOVES,
    Asker,
    Decision,
    Facts,
    Fix,
    at_stake,
)


def may(fix: Fix, facts: Facts, asker: Asker) -> Decision:
    """The first rule that refuses is the answer."""
    for check in (_permission, _month, _standing, _RULES.get(fix, _no_more)):
        refusal = check(fix, facts, asker)
        if refusal is not None:
            return refusal
    return Decision(allowed=True, rule="open", sentence=_SENTENCES[fix])


def offered(fix: Fix, facts: Facts) -> bool:
    """Whether it is worth a place on the page: what can never fit this type and state is left out."""
    if fix in (Fix.CONFIRM, Fix.REJECT):
        return facts.state == S.WAITING
    if fix is Fix.REOPEN:
        return facts.state not in UNSETTLED
    if facts.state != S.OPEN:
        return False
    fitting = {Fix.LINK: LINKABLE, Fix.ADOPT: ADOPTABLE}
    return facts.type in fitting.get(fix, frozenset(T))


def _refuse(rule: str, sentence: str) -> Decision:
    return Decision(allowed=False, rule=rule, sentence=sentence)


def _no_more(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    return None


def _permission(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    if "reconcile" in asker.permissions:
        return None
    return _refuse(
        "permission",
        "You may not work on discrepancies of this merchant, so nothing was changed. Ask somebody in finance.",
    )


def _month(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    if not facts.month_closed:
        return None
    return _refuse(
        "month_closed",
        f"{facts.month} is closed, so nothing of it changes. Reopen the month with a reason first.",
    )


def _standing(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    if fix in (Fix.CONFIRM, Fix.REJECT):
        return None if facts.state == S.WAITING else _refuse("not_waiting", "No write-off waits for a decision here.")
    if fix is Fix.REOPEN:
        return (
            None if facts.state not in UNSETTLED else _refuse("not_closed", "It is not closed, so it needs no opening.")
        )
    if facts.state == S.WAITING:
        return _refuse(
            "waiting",
            f"{facts.proposer or 'Somebody'} proposed to write it off. Confirm or reject that first.",
        )
    if facts.state != S.OPEN:
        return _refuse(
            "closed", "It is closed already, so nothing was changed. Reopen it with a reason if it is not over."
        )
    return None


def _link(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    if facts.type in LINKABLE:
        return None
    return _refuse(
        "type", "Both sides of this one are known already, so there is nothing to link. Accept it or write it off."
    )


def _adopt(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    if facts.type not in ADOPTABLE or not facts.line_type:
        return _refuse("type", "No line shows a movement that our books lack, so there is nothing to adopt.")
    if facts.line_type not in MOVES:
        return _refuse(
            "line_type",
            "Our books hold captures, refunds and chargebacks; this line is none of them, so it cannot be adopted. "
            "Accept it or write it off.",
        )
    if not facts.has_transaction:
        return _refuse(
            "no_payment",
            "No payment of this account is known for the line, so there are no books to adopt it into. "
            "Link it if you find its movement, or write it off.",
        )
    if facts.line_met:
        return _refuse("met", "The line has met a movement of our books already, so there is nothing to adopt.")
    return None


def _ask(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    if not facts.has_transaction:
        return _refuse(
            "no_payment", "No payment of this account is known here, so the gateway cannot be asked about it."
        )
    if not facts.reads:
        return _refuse(
            "cannot_ask", "This gateway shows no payments to us; look into its portal, or wait for its notification."
        )
    return None


def _met(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    """Money that has been found is given up by nobody."""
    if facts.type not in ENDS_WHEN_MET or not (facts.line_met or facts.item_met):
        return None
    return _refuse(
        "met",
        "Line and movement have met, so no money is missing and none was given up. The next run ends this by itself; "
        "if the two are not the same money, take them apart on the line’s page first.",
    )


def _accept(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    met = _met(fix, facts, asker)
    if met is not None:
        return met
    if facts.type == T.SETTLED_THOUGH_FAILED:
        return _refuse(
            "contradiction",
            "Money moved although our books say that it failed; accepting would leave the books wrong. Adopt the "
            "movement, or write it off with a second person.",
        )
    if facts.type == T.AMBIGUOUS:
        return _refuse(
            "candidates",
            "The line belongs to one of several movements; link it to the one it is instead of accepting it.",
        )
    if at_stake(facts) <= facts.accept_limit:
        return None
    stake, limit = Money(at_stake(facts), facts.currency), Money(facts.accept_limit, facts.currency)
    return _refuse(
        "limit",
        f"{stake} is more than the {limit} that one person may accept for this account. Propose to write it off; a "
        "second person confirms.",
    )


def _confirm(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    if facts.proposed_by is None or facts.proposed_by != asker.person:
        return _met(fix, facts, asker)
    return _refuse(
        "own_proposal", "You proposed this yourself; a second person must confirm it. Nothing was written off."
    )


def _reopen(fix: Fix, facts: Facts, asker: Asker) -> Decision | None:
    if facts.state == S.VANISHED:
        return _refuse(
            "vanished",
            "Its ground is gone, so there is nothing to work on; it opens by itself if the ground comes back.",
        )
    if facts.fix == Fix.ADOPT:
        return _refuse(
            "adopted",
            "The movement stands in the books, and what is adopted is not taken out again. If it is wrong, unlink the "
            "line: what does not meet then opens anew.",
        )
    if facts.fix == Fix.LINK:
        return _refuse(
            "linked", "The line and the movement are linked. Unlink them: what does not meet then opens anew."
        )
    return None


_RULES: Mapping[Fix, Callable[[Fix, Facts, Asker], Decision | None]] = {
    Fix.LINK: _link,
    Fix.ADOPT: _adopt,
    Fix.ASK: _ask,
    Fix.ACCEPT: _accept,
    Fix.WRITE_OFF: _met,
    Fix.CONFIRM: _confirm,
    Fix.REOPEN: _reopen,
}
_SENTENCES = {
    Fix.LINK: "Say which movement and line are the same money, and why.",
    Fix.ADOPT: "The gateway’s movement enters our books as one that was not ours, and the line is linked to it.",
    Fix.ASK: "The payment is read from its gateway now; the next run matches again.",
    Fix.ACCEPT: "The difference stays as it is, with your reason.",
    Fix.WRITE_OFF: "You propose to give the amount up; a second person confirms or rejects it.",
    Fix.CONFIRM: "The amount is given up, as was proposed.",
    Fix.REJECT: "The proposal falls, and the discrepancy is open again.",
    Fix.REOPEN: "It is open again; its history stays.",
}
