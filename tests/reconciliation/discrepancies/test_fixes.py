"""Prepared fixes: done once, by who may, as previewed; a write-off by two people; a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User

from orders.database import refuse_open_transaction
from orders.gateways.base import TransactionState
from orders.mirror.refresh import RefreshResult
from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    Event,
    ExternalMovement,
    GatewayAccount,
    LineType,
    Match,
    ModificationState,
    MonthClose,
    MonthState,
    Rule,
    SettlementTerms,
    Source,
    Transaction,
)
from orders.modifications.refusals import ChangedSince, NotAllowed, Refused, UnknownThing
from orders.reconciliation.discrepancies.fixes import Offer, apply_fix, offers
from tests.factories import a_captured_transaction, a_person, a_transaction, an_account
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_modification_of

S = DiscrepancyState
pytestmark = pytest.mark.django_db
WHY = "The shop confirmed it by phone."


@pytest.fixture
def account() -> GatewayAccount:
    account = an_account()
    SettlementTerms.objects.create(account=account, accept_limit=5_000)
    return account


@pytest.fixture
def anna(account: GatewayAccount) -> User:
    return a_person("anna", merchants=[account.merchant], groups=["finance"])


@pytest.fixture
def bert(account: GatewayAccount) -> User:
    return a_person("bert", merchants=[account.merchant], groups=["supervisor"])


def a_strange_refund(account: GatewayAccount, *, amount: int = 2_500, **fields: Any) -> Discrepancy:
    """The gateway settled a refund of a payment that we captured 100.00 EUR of; nobody here asked for it."""
    transaction = fields.pop("transaction", None) or a_captured_transaction(account=account)
    line = a_line(a_file(account), type=LineType.REFUND, gross=-amount, fee=0, gateway_id="ref-1", reference="rec-r1")
    return a_discrepancy(line=line, transaction=transaction, **fields)


def payment_of(row: Discrepancy) -> Transaction:
    """As it stands in the database now."""
    assert row.transaction is not None
    return Transaction.objects.get(pk=row.transaction.pk)


def fix(row: Discrepancy, code: str, by: User, **fields: Any) -> str:
    return apply_fix(row.pk, code, by=by, **{"version": row.version, "reason": WHY, **fields})


def refused(row: Discrepancy, code: str, by: User, **fields: Any) -> str:
    """The code of the refusal; nothing was changed by it."""
    before = (row.state, row.version, Match.objects.count(), ExternalMovement.objects.count())
    with pytest.raises(Refused) as refusal:
        fix(row, code, by, **fields)
    row.refresh_from_db()
    assert (row.state, row.version, Match.objects.count(), ExternalMovement.objects.count()) == before
    assert refusal.value.sentence.endswith(".")
    return refusal.value.code


def offer(row: Discrepancy, code: str, by: User) -> Offer:
    return next(one for one in offers(row, by) if one.code == code)


def changed_figures(one: Offer) -> dict[str, str]:
    return {line.name: f"{line.before} → {line.after}" for line in one.preview.lines if line.changes}


# Accepting.


def test_a_small_difference_is_accepted_once(account: GatewayAccount, anna: User) -> None:
    row = a_strange_refund(account)
    assert fix(row, "accept", anna) == f"The difference of 25.00 EUR was accepted: {WHY}"
    with pytest.raises(ChangedSince):
        fix(row, "accept", anna)
    row.refresh_from_db()
    assert (row.state, row.fix, row.closed_by, row.version) == (S.ACCEPTED, "accept", anna, 2)
    assert row.resolution == f"The difference of 25.00 EUR was accepted: {WHY}"
    assert [(entry.verb, entry.actor) for entry in row.entries.all()] == [("accept", anna)]
    event = Event.objects.get(verb="discrepancy.accept")
    assert (event.actor, event.source, event.transaction, event.refused) == (anna, Source.PAGE, row.transaction, False)
    assert refused(row, "accept", anna) == "closed"


def test_over_the_limit_a_second_person_is_needed(account: GatewayAccount, anna: User) -> None:
    row = a_strange_refund(account, amount=5_001)
    assert refused(row, "accept", anna) == "limit"
    assert Event.objects.filter(verb="discrepancy.accept_refused", refused=True, actor=anna).exists()
    assert not row.entries.exists()


@pytest.mark.parametrize("reason", ["", "  ", "\0", "x" * 501])
def test_a_reason_is_needed_and_has_an_end(account: GatewayAccount, anna: User, reason: str) -> None:
    assert refused(a_strange_refund(account), "accept", anna, reason=reason) == "reason"


def test_who_saw_something_older_hears_what_happened_since(account: GatewayAccount, anna: User, bert: User) -> None:
    row = a_strange_refund(account)
    fix(row, "write_off", bert)
    with pytest.raises(ChangedSince) as refusal:
        fix(row, "accept", anna)
    assert "Waiting for a second person" in refusal.value.sentence
    assert refusal.value.changes == [f"bert: bert proposed to write off 25.00 EUR: {WHY}"]


# Writing off.


def test_a_write_off_is_proposed_by_one_and_confirmed_by_another(
    account: GatewayAccount, anna: User, bert: User
) -> None:
    row = a_strange_refund(account, amount=9_999)
    fix(row, "write_off", anna)
    row.refresh_from_db()
    assert (row.state, row.proposed_by, row.closed_at) == (S.WAITING, anna, None)
    assert refused(row, "confirm", anna) == "own_proposal"
    assert refused(row, "accept", bert) == "waiting"
    assert fix(row, "confirm", bert) == f"99.99 EUR was written off, as anna proposed: {WHY}"
    row.refresh_from_db()
    assert (row.state, row.fix, row.proposed_by, row.closed_by) == (S.WRITTEN_OFF, "write_off", anna, bert)
    assert refused(row, "confirm", bert) == "not_waiting"
    assert [entry.verb for entry in row.entries.all()] == ["proposed", "write_off"]


def test_a_rejected_write_off_is_open_again_and_can_be_proposed_anew(
    account: GatewayAccount, anna: User, bert: User
) -> None:
    row = a_strange_refund(account)
    fix(row, "write_off", anna)
    row.refresh_from_db()
    assert refused(row, "reject", bert, reason="") == "reason"
    fix(row, "reject", bert)
    row.refresh_from_db()
    assert (row.state, row.proposed_by, row.resolution) == (S.OPEN, None, "")
    fix(row, "write_off", bert)
    row.refresh_from_db()
    assert row.proposed_by == bert


def test_an_administrator_confirms_no_write_off_of_their_own(account: GatewayAccount) -> None:
    root = a_person("root", is_superuser=True)
    row = a_strange_refund(account)
    fix(row, "write_off", root)
    row.refresh_from_db()
    assert refused(row, "confirm", root) == "own_proposal"


# Linking.


def test_a_line_and_a_movement_are_linked_and_both_riddles_end(account: GatewayAccount, anna: User) -> None:
    capture = a_modification_of(a_captured_transaction(account=account), gateway_reference="rec-ours")
    line = a_line(a_file(account), reference="rec-theirs")
    theirs = a_discrepancy(line=line)
    ours = a_discrepancy(
        account,
        type=DiscrepancyType.OURS_NOT_THEIRS,
        key=f"item:{capture.pk}",
        modification=capture,
        transaction=capture.transaction,
    )
    assert offer(theirs, "link", anna).choices[0].value == str(capture.pk)
    assert offer(ours, "link", anna).choices[0].value == str(line.pk)
    fix(theirs, "link", anna, details={"modification": str(capture.pk)})
    match = Match.objects.get()
    assert (match.line, match.modification, match.rule, match.made_by) == (line, capture, Rule.PERSON, anna)
    for row in (theirs, ours):
        row.refresh_from_db()
        assert (row.state, row.fix, row.closed_by) == (S.RESOLVED, "link", anna)
    assert refused(theirs, "link", anna, details={"modification": str(capture.pk)}) == "closed"


def test_a_missed_movement_is_linked_to_a_line_that_is_all_of_it(account: GatewayAccount, anna: User) -> None:
    capture = a_modification_of(a_captured_transaction(account=account))
    part, whole = a_line(a_file(account), gross=4_000), a_line(a_file(account))
    row = a_discrepancy(
        account,
        type=DiscrepancyType.OURS_NOT_THEIRS,
        key=f"item:{capture.pk}",
        modification=capture,
        transaction=capture.transaction,
    )
    assert refused(row, "link", anna, details={"line": str(part.pk)}) == "part"
    fix(row, "link", anna, details={"line": whole.pk})
    row.refresh_from_db()
    assert row.state == S.RESOLVED


@pytest.mark.parametrize(
    "details",
    [{}, {"modification": "no id"}, {"movement": "-1"}, {"movement": "9" * 40}, {"line": "1"}, {"movement": "²"}],
)
def test_nonsense_is_linked_to_nothing(account: GatewayAccount, anna: User, details: dict[str, str]) -> None:
    assert refused(a_strange_refund(account), "link", anna, details=details) == "details"


def test_a_movement_of_another_account_is_linked_to_nothing(account: GatewayAccount, anna: User) -> None:
    foreign = a_modification_of(a_captured_transaction(account=an_account(merchant=account.merchant)))
    row = a_discrepancy(line=a_line(a_file(account)))
    assert refused(row, "link", anna, details={"modification": str(foreign.pk)}) == "unknown_item"


# Adopting.


def test_a_strange_refund_enters_the_books_as_previewed(account: GatewayAccount, anna: User) -> None:
    row = a_strange_refund(account)
    assert changed_figures(offer(row, "adopt", anna)) == {
        "Refunded": "0.00 EUR → 25.00 EUR",
        "Net": "100.00 EUR → 75.00 EUR",
        "Not met": "25.00 EUR → 0.00 EUR",
    }
    fix(row, "adopt", anna)
    row.refresh_from_db()
    assert (row.state, row.fix) == (S.RESOLVED, "adopt")
    movement = ExternalMovement.objects.get()
    assert (movement.kind, movement.amount, movement.booked, movement.source) == ("refund", 2_500, True, "settlement")
    transaction = payment_of(row)
    assert (transaction.refunded, transaction.frozen_reason) == (2_500, "")
    assert Match.objects.get().movement == movement
    assert refused(row, "adopt", anna) == "closed"


def test_what_does_not_fit_is_kept_beside_the_books_and_freezes(account: GatewayAccount, anna: User) -> None:
    transaction = a_captured_transaction(account=account, captured=2_000)
    row = a_strange_refund(account, transaction=transaction)
    told = offer(row, "adopt", anna)
    assert changed_figures(told) == {"Not met": "25.00 EUR → 0.00 EUR"}
    assert "freezes until two people have looked" in told.preview.sentences[0]
    fix(row, "adopt", anna)
    transaction.refresh_from_db()
    assert transaction.refunded == 0
    assert transaction.frozen
    assert not ExternalMovement.objects.get().booked


def test_a_chargeback_is_adopted_and_freezes_the_payment(account: GatewayAccount, anna: User) -> None:
    transaction = a_captured_transaction(account=account)
    line = a_line(a_file(account), type=LineType.CHARGEBACK, gross=-10_000, fee=0, gateway_id="cb-1")
    row = a_discrepancy(line=line, transaction=transaction)
    fix(row, "adopt", anna)
    transaction.refresh_from_db()
    assert (transaction.charged_back, transaction.frozen) == (10_000, True)


def test_a_capture_of_the_gateways_own_is_adopted(account: GatewayAccount, anna: User) -> None:
    transaction = a_transaction(account=account)
    line = a_line(a_file(account), gross=4_000, gateway_id="cap-1")
    fix(a_discrepancy(line=line, transaction=transaction), "adopt", anna)
    transaction.refresh_from_db()
    assert transaction.captured == 4_000
    assert (transaction.state, transaction.released) == (TransactionState.CAPTURED, 6_000)


def test_while_one_of_ours_may_be_it_nothing_is_adopted(account: GatewayAccount, anna: User) -> None:
    transaction = a_captured_transaction(account=account)
    a_modification_of(transaction, kind="refund", amount=2_500, state=ModificationState.UNKNOWN)
    assert refused(a_strange_refund(account, transaction=transaction), "adopt", anna) == "not_yet"


def test_what_our_books_hold_already_is_not_adopted_twice(account: GatewayAccount, anna: User) -> None:
    transaction = a_captured_transaction(account=account)
    refund = a_modification_of(transaction, kind="refund", amount=2_500, gateway_reference="rec-r1", gateway_id="ref-1")
    first = a_line(a_file(account), type=LineType.REFUND, gross=-2_500, fee=0, reference="rec-r1", gateway_id="ref-1")
    a_match(first, modification=refund)
    row = a_strange_refund(account, transaction=transaction, type=DiscrepancyType.DUPLICATE, modification=refund)
    assert refused(row, "adopt", anna) == "known"
    transaction.refresh_from_db()
    assert transaction.refunded == 0


def test_what_a_webhook_told_meanwhile_is_linked_and_not_booked_twice(account: GatewayAccount, anna: User) -> None:
    one = a_strange_refund(account)
    fix(one, "adopt", anna)
    again = a_strange_refund(account, transaction=payment_of(one))
    assert refused(again, "adopt", anna) == "known"
    Match.objects.update(ended_at="2026-11-21T00:00:00Z", ended_by=anna, ended_reason="It was the other line.")
    fix(again, "adopt", anna)
    assert ExternalMovement.objects.count() == 1
    assert payment_of(one).refunded == 2_500


def a_paid_failure(account: GatewayAccount, *, with_evidence: bool = True) -> Discrepancy:
    transaction = a_captured_transaction(account=account, frozen_reason="Our refund had failed, but it was paid.")
    refund = a_modification_of(transaction, kind="refund", amount=2_500, state=ModificationState.FAILED)
    if with_evidence:
        ExternalMovement.objects.create(
            account=account,
            transaction=transaction,
            modification=refund,
            kind="refund",
            amount=2_500,
            currency="EUR",
            key=f"contradiction:{refund.pk}",
            source=Source.GATEWAY,
            seen_at="2026-11-20T00:00:00Z",
            booked=False,
            unbooked_reason="Ours had failed.",
        )
    return a_strange_refund(
        account, transaction=transaction, type=DiscrepancyType.SETTLED_THOUGH_FAILED, modification=refund
    )


def test_what_was_paid_though_it_had_failed_is_booked_once_and_stays_frozen(
    account: GatewayAccount, anna: User
) -> None:
    row = a_paid_failure(account)
    assert "stays frozen" in " ".join(offer(row, "adopt", anna).preview.sentences)
    fix(row, "adopt", anna)
    transaction = payment_of(row)
    assert (transaction.refunded, transaction.frozen) == (2_500, True)
    movement = ExternalMovement.objects.get()
    assert movement.booked
    assert Match.objects.get().movement == movement


def test_before_the_evidence_is_written_a_paid_failure_waits(account: GatewayAccount, anna: User) -> None:
    row = a_paid_failure(account, with_evidence=False)
    assert refused(row, "adopt", anna) == "not_yet"
    assert refused(row, "accept", anna) == "contradiction"


# Asking the gateway.


@pytest.fixture
def asked() -> Iterator[list[int]]:
    """The payments that the gateway was asked about; it says that nothing is new."""
    found: list[int] = []

    def answer(*, transaction_id: int, by: User, source: Source) -> RefreshResult:
        found.append(transaction_id)
        return RefreshResult(transaction_id=transaction_id, changed=False, sentence="Nothing new.")

    with patch("orders.reconciliation.discrepancies.fixes.refresh_transaction", side_effect=answer):
        yield found


def test_asking_leaves_it_open_and_writes_down_the_answer(
    account: GatewayAccount, anna: User, asked: list[int]
) -> None:
    row = a_strange_refund(account)
    assert fix(row, "ask", anna, reason="") == "The gateway was asked. Nothing new. The next run matches again."
    row.refresh_from_db()
    assert (row.state, row.version, asked) == (S.OPEN, 1, [row.transaction_id])
    assert row.entries.get().verb == "asked"


@pytest.mark.django_db(transaction=True)
def test_the_network_is_used_while_no_transaction_is_open(account: GatewayAccount, anna: User) -> None:
    def answer(*, transaction_id: int, by: User, source: Source) -> RefreshResult:
        refuse_open_transaction()
        return RefreshResult(transaction_id=transaction_id, changed=False, sentence="", problem="It is away.")

    row = a_strange_refund(account)
    with patch("orders.reconciliation.discrepancies.fixes.refresh_transaction", side_effect=answer):
        assert fix(row, "ask", anna) == "The gateway was asked and gave no answer that helps: It is away."


def test_who_may_not_ask_uses_no_network(account: GatewayAccount, asked: list[int]) -> None:
    agent = a_person(merchants=[account.merchant])
    assert refused(a_strange_refund(account), "ask", agent) == "permission"
    assert asked == []


# Reopening, and everybody's refusals.


def test_what_was_accepted_is_reopened_and_keeps_its_history(account: GatewayAccount, anna: User, bert: User) -> None:
    row = a_strange_refund(account)
    fix(row, "accept", anna)
    row.refresh_from_db()
    fix(row, "reopen", bert, reason="The bank says otherwise.")
    row.refresh_from_db()
    assert (row.state, row.reopened, row.closed_at, row.fix) == (S.OPEN, 1, None, "")
    assert [entry.verb for entry in row.entries.all()] == ["accept", "reopened"]
    assert WHY in row.entries.last().text  # type: ignore[union-attr]
    assert refused(row, "reopen", bert) == "not_closed"


def test_a_written_off_one_is_reopened_and_needs_two_people_again(
    account: GatewayAccount, anna: User, bert: User
) -> None:
    row = a_strange_refund(account)
    for code, by in (("write_off", anna), ("confirm", bert), ("reopen", bert), ("write_off", bert)):
        fix(row, code, by)
        row.refresh_from_db()
    assert refused(row, "confirm", bert) == "own_proposal"
    fix(row, "confirm", anna)


@pytest.mark.parametrize("code", ["link", "adopt", "ask", "accept", "write_off", "confirm", "reject", "reopen"])
def test_another_merchants_discrepancy_does_not_exist(account: GatewayAccount, code: str) -> None:
    row, stranger = a_strange_refund(account), a_person(groups=["finance"], merchants=[an_account().merchant])
    with pytest.raises(UnknownThing):
        fix(row, code, stranger)


@pytest.mark.parametrize("code", ["link", "adopt", "ask", "accept", "write_off"])
def test_an_agent_may_look_and_not_fix(account: GatewayAccount, code: str) -> None:
    row, agent = a_strange_refund(account), a_person(merchants=[account.merchant])
    assert refused(row, code, agent) == "permission"
    assert not any(one.allowed for one in offers(row, agent))


def test_an_unknown_fix_is_refused(account: GatewayAccount, anna: User) -> None:
    with pytest.raises(NotAllowed, match="no such fix"):
        fix(a_strange_refund(account), "forget", anna)


def test_nothing_of_a_closed_month_is_fixed(account: GatewayAccount, anna: User, bert: User) -> None:
    row = a_strange_refund(account)
    MonthClose.objects.create(
        merchant=account.merchant,
        account=account,
        month=date(2026, 11, 1),
        until=date(2026, 12, 1),
        state=MonthState.CLOSED,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=anna,
        proposed_at="2026-12-01T00:00:00Z",
        decided_by=bert,
        decided_at="2026-12-01T00:00:00Z",
    )
    for code in ("link", "adopt", "ask", "accept", "write_off"):
        assert refused(row, code, anna) == "month_closed"


def test_the_page_and_the_act_say_the_same(account: GatewayAccount, anna: User) -> None:
    row = a_strange_refund(account, amount=5_001)
    shown = offer(row, "accept", anna)
    assert not shown.allowed
    with pytest.raises(NotAllowed) as refusal:
        fix(row, "accept", anna)
    assert refusal.value.sentence == shown.sentence
