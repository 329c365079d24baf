"""The buttons of a transaction: open or closed, each with the rule's own sentence beside it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from orders.gateways.base import Kind
from orders.models import Transaction
from orders.modifications.rules import Decision, Situation, decide_all

LABELS = {
    Kind.CAPTURE: "Capture",
    Kind.CANCEL: "Cancel",
    Kind.CANCEL_OR_REFUND: "Cancel or refund",
    Kind.VOID: "Void",
    Kind.REFUND: "Refund",
}
ICONS = {
    Kind.CAPTURE: "banknotes",
    Kind.CANCEL: "no-symbol",
    Kind.CANCEL_OR_REFUND: "arrow-path-rounded-square",
    Kind.VOID: "x-circle",
    Kind.REFUND: "arrow-uturn-left",
}
_DESTRUCTIVE = frozenset({Kind.CANCEL, Kind.CANCEL_OR_REFUND, Kind.VOID})


@dataclass(frozen=True, kw_only=True)
class Action:
    """One button: where it leads, how it looks, and the decision that opened or closed it."""

    kind: Kind
    label: str
    icon: str
    look: str
    href: str
    element_id: str
    decision: Decision
    alternative_label: str
    alternative_href: str


def actions_of(transaction: Transaction, situation: Situation) -> tuple[Action, ...]:
    """The buttons in their order; the first open one that moves money forward is the primary one."""
    decisions = decide_all(situation)
    primary = next((kind for kind in (Kind.CAPTURE, Kind.REFUND) if decisions[kind].allowed), None)
    return tuple(
        _action(transaction, decision, primary=kind is primary)
        for kind, decision in decisions.items()
        if kind is not Kind.VOID or Kind.VOID in situation.capability.kinds
    )


def panel_href(transaction_id: int, kind: Kind) -> str:
    """The address of a fresh form."""
    return reverse("orders:modification_new", args=[transaction_id, kind])


def _action(transaction: Transaction, decision: Decision, *, primary: bool) -> Action:
    kind, other = decision.kind, decision.alternative
    return Action(
        kind=kind,
        label=LABELS[kind],
        icon=ICONS[kind],
        look="primary" if primary else "danger" if kind in _DESTRUCTIVE and decision.allowed else "",
        href=panel_href(transaction.pk, kind),
        element_id=f"transaction-{transaction.pk}-{kind}",
        decision=decision,
        alternative_label=LABELS[other] if other else "",
        alternative_href=panel_href(transaction.pk, other) if other else "",
    )
