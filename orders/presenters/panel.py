"""The action panel: the form, the rule that opened or closed it, and what would happen to the money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from django.contrib.auth.models import User

from orders.forms import ModificationForm, amount_text
from orders.gateways.base import Kind
from orders.models import Modification, Transaction
from orders.modifications.preview import Preview, preview
from orders.modifications.rules import Decision, Situation, may
from orders.modifications.situation import situation_of
from orders.money import AmountRefused, parse_amount
from orders.presenters.actions import ICONS, LABELS, panel_href

WHOLE_ONLY = frozenset({Kind.CANCEL, Kind.CANCEL_OR_REFUND, Kind.VOID})
"""Kinds that move everything that is left; the amount is shown and not asked for."""


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """Before and after for every figure, or the sentence that says why there is no after."""

    preview: Preview | None
    problem: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Why the form came back: a title, the sentence, and what is worth listing under it."""

    tone: str
    title: str
    sentence: str
    lines: tuple[str, ...] = ()
    twins: tuple[Modification, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Everything the panel shows."""

    transaction: Transaction
    kind: Kind
    label: str
    icon: str
    decision: Decision
    form: ModificationForm
    what_if: WhatIf
    notice: Notice | None
    alternative_label: str
    alternative_href: str

    @property
    def whole_only(self) -> bool:
        """Whether the amount is fixed."""
        return self.kind in WHOLE_ONLY

    @property
    def looks_destructive(self) -> bool:
        """Whether the button is drawn as one that gives something up."""
        return self.kind is not Kind.CAPTURE


def fresh_panel(
    transaction: Transaction,
    person: User,
    kind: Kind,
    *,
    typed: ModificationForm | None = None,
    notice: Notice | None = None,
    amount: str | None = None,
) -> Panel:
    """A form with a new modification id and the present version; keeps what was typed in an earlier one."""
    situation = situation_of(transaction, person)
    decision = may(kind, situation)
    initial = _initial(transaction, decision)
    if amount is not None:
        initial["amount"] = amount
    if typed is not None:
        initial |= {name: typed.data.get(name, "") for name in _kept(kind)}
    form = ModificationForm(initial=initial, currency=transaction.currency)
    return _panel(transaction, kind, form, situation, decision, notice, amount=str(initial["amount"]))


def returned_panel(
    transaction: Transaction, person: User, kind: Kind, form: ModificationForm, *, notice: Notice | None = None
) -> Panel:
    """The same form again, with what was typed and why it was not taken."""
    situation = situation_of(transaction, person)
    typed = str(form.data.get("amount", ""))
    panel = _panel(transaction, kind, form, situation, may(kind, situation), notice, amount=typed)
    # The sentence stands beside the amount already; once is enough.
    return replace(panel, what_if=WhatIf(preview=None, problem="")) if "amount" in form.errors else panel


def what_if_of(kind: Kind, situation: Situation, amount: str) -> WhatIf:
    """What this much would do; refusals in the words of the rules."""
    try:
        money = parse_amount(amount, situation.currency)
    except AmountRefused as refusal:
        return WhatIf(preview=None, problem=str(refusal))
    decision = may(kind, situation, amount=money.amount_minor)
    if not decision.allowed:
        return WhatIf(preview=None, problem=decision.sentence)
    return WhatIf(preview=preview(kind, situation, money.amount_minor), problem="")


def twins_notice(sentence: str, twins: Sequence[Modification]) -> Notice:
    """It looks like a repeat: show of what."""
    return Notice(tone="careful", title="This looks like a repeat.", sentence=sentence, twins=tuple(twins))


def _panel(
    transaction: Transaction,
    kind: Kind,
    form: ModificationForm,
    situation: Situation,
    decision: Decision,
    notice: Notice | None,
    *,
    amount: str,
) -> Panel:
    other = decision.alternative
    return Panel(
        transaction=transaction,
        kind=kind,
        label=LABELS[kind],
        icon=ICONS[kind],
        decision=decision,
        form=form,
        what_if=what_if_of(kind, situation, amount) if decision.allowed else WhatIf(preview=None, problem=""),
        notice=notice,
        alternative_label=LABELS[other] if other else "",
        alternative_href=panel_href(transaction.pk, other) if other else "",
    )


def _initial(transaction: Transaction, decision: Decision) -> dict[str, object]:
    maximum = decision.maximum
    return {
        "amount": amount_text(maximum.amount_minor, maximum.currency) if maximum else "",
        "modification_id": str(uuid4()),
        "version": transaction.version,
    }


def _kept(kind: Kind) -> tuple[str, ...]:
    """What survives when the transaction changed: words; the amount too unless it must be everything that is left."""
    words = ("reason", "description", "custom1", "custom2", "custom3")
    return words if kind in WHOLE_ONLY else ("amount", *words)
