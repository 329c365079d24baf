"""A state machine over rules and books: people, workers, a gateway and time do what they like; the invariants hold."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from django.db import transaction as database_transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orders.gateways.base import Kind, Outcome, Verdict
from orders.models import EvidenceSource, Modification, ModificationState, Purpose, RefundPlan, Source, Transaction
from orders.modifications import recover
from orders.modifications.ask import ask
from orders.modifications.claim import Claim, claim
from orders.modifications.refusals import Refused
from orders.modifications.request import request_modification
from orders.modifications.resolve import apply_evidence, resolve_results
from orders.modifications.submit import Result, arm
from orders.modifications.wish import Wish
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.modifications.other_accounts import a_card_account, an_orders_account, in_yen, on_card
from tests.proofs import against_itself
from tests.proofs.auditor import Auditor
from tests.proofs.fates import BEGINNING, FATES, RELEASING, WISHES, WRITTEN_AT_ONCE, FakeClock, Fate, Letter
from tests.proofs.looking import books_now
from tests.proofs.pretend_gateway import NOBODY_THERE, SILENCE, Account, PretendGateway
from tests.proofs.records import FINISHED, Row

DAY = timedelta(days=1)


def _latest(letter: Letter) -> timedelta:
    """Nothing arrives later than its gateway may still carry it out."""
    return timedelta(seconds=letter.taken.capability.late_processing_seconds)


class Lives(RuleBasedStateMachine):
    """Transactions at three gateways, captured and not, and everything that may happen to them."""

    clock: FakeClock

    def __init__(self) -> None:
        super().__init__()
        self.clock.start_over()
        self.rollback = ExitStack()
        self.rollback.enter_context(database_transaction.atomic())
        self.gateway = PretendGateway()
        self.asked = 0
        self.accepted: list[uuid.UUID] = []
        self.letters: list[Letter] = []
        self.answers: list[Result] = []
        self.auditor = Auditor(database="", ledgers=[])
        self.legs: list[uuid.UUID] = []
        self.sent_in_silence: set[uuid.UUID] = set()

    @initialize()
    def payments_at_three_gateways(self) -> None:
        account = factories.an_account()
        merchant = account.merchant
        self.person = factories.a_person(merchants=[merchant])
        in_parts = in_yen(account=an_orders_account(merchant=merchant))
        cards = a_card_account(merchant=merchant)
        rows = [
            factories.a_transaction(account=account),
            factories.a_captured_transaction(account=account),
            in_parts,
            on_card(account=cards),
            on_card(account=cards, captured=10_000),
        ]
        self.transactions = [row.pk for row in rows]
        for row in rows:
            self.gateway.accounts[row.reference] = Account(
                authorized=10_000, captured=row.captured, takes_several=row is in_parts, silent=row.account == cards
            )
        for wish in BEGINNING:
            self._ask(*wish)

    # People.

    @rule(wish=st.sampled_from(WISHES))
    def ask(self, wish: tuple[int, Kind, int]) -> None:
        self._ask(*wish)

    @rule(wish=st.sampled_from(RELEASING))
    def ask_and_release_the_rest(self, wish: tuple[int, Kind, int]) -> None:
        self._ask(*wish, release_rest=True)

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def click_again(self, data: st.DataObject) -> None:
        row = Modification.objects.get(pk=data.draw(st.sampled_from(self.accepted)))
        which = self.transactions.index(row.transaction_id)

        form = self._form(row.pk, which, Kind(row.kind), row.amount)
        again = request_modification(**form, release_rest=row.release_rest)

        assert again.pk == row.pk

    @precondition(lambda self: len(self.accepted) > len(BEGINNING))
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.accepted[len(BEGINNING) :]))
        try:
            withdraw(modification_id=one, by=self.person, source=Source.PAGE)
        except Refused:
            return
        assert str(one) not in self.gateway.executions

    # Workers.

    @rule(slots=st.integers(1, 3))
    def die_after_claiming(self, slots: int) -> None:
        claim(slots=slots)

    @rule(wait=st.sampled_from([0, 0, 7]), slots=st.integers(1, 3), fate=st.sampled_from(FATES))
    def work(self, wait: int, slots: int, fate: Fate) -> None:
        """Claim, arm, and what becomes of what is sent."""
        self._work(wait, slots, fate)

    @rule(wait=st.sampled_from([7, 160, 200]), fate=st.sampled_from(FATES))
    def work_later(self, wait: int, fate: Fate) -> None:
        """What was left behind is due again."""
        self._work(wait, 3, fate)

    @rule()
    def find_nobody_there(self) -> None:
        claims = claim(slots=1)
        armed = arm(claims)
        for taken in claims:
            self._hold_silence(taken, leaves=False)
        resolve_results(
            [Result(claim=taken, outcome=NOBODY_THERE, armed=taken.modification_id in armed) for taken in claims]
        )

    @precondition(lambda self: self.letters)
    @rule(data=st.data(), decline=st.booleans(), later=st.booleans(), answered=st.booleans(), keep=st.booleans())
    def arrive(self, data: st.DataObject, decline: bool, later: bool, answered: bool, keep: bool) -> None:
        """The gateway gets a letter; its answer may be lost, and a copy of the letter may still be on its way."""
        letter = data.draw(st.sampled_from(self.letters))
        if not keep:
            self.letters.remove(letter)
        outcome = self._deliver(letter.taken, decline=decline, later=later)
        if answered:
            self.answers.append(Result(claim=letter.taken, outcome=outcome, armed=True))

    @precondition(lambda self: self.letters)
    @rule(data=st.data())
    def give_up_waiting(self, data: st.DataObject) -> None:
        """A deadline passes: the worker reports “unknown” while the letter may still arrive."""
        letter = data.draw(st.sampled_from(self.letters))
        self._write(Result(claim=letter.taken, outcome=SILENCE, armed=True))

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), keep=st.booleans())
    def write_an_answer(self, data: st.DataObject, keep: bool) -> None:
        """In any order, and sometimes twice."""
        result = data.draw(st.sampled_from(self.answers))
        if not keep:
            self.answers.remove(result)
        self._write(result)

    # The gateway, other channels, time.

    @precondition(lambda self: self.gateway.executions)
    @rule(data=st.data(), well=st.booleans())
    def the_gateway_finishes(self, data: st.DataObject, well: bool) -> None:
        self.gateway.finish(data.draw(st.sampled_from(sorted(self.gateway.executions))), well=well)

    @precondition(lambda self: self.gateway.executions)
    @rule(data=st.data())
    def a_refresh_or_a_webhook_tells(self, data: st.DataObject) -> None:
        self._tell(data.draw(st.sampled_from(sorted(self.gateway.executions))))

    def _tell(self, one: str) -> None:
        outcome = self.gateway.told(self.gateway.executions[one].instruction)
        key = f"{one}:{outcome.verdict}"
        source = EvidenceSource.WEBHOOK if self._is_silent(one) else EvidenceSource.MIRROR
        apply_evidence(modification_id=uuid.UUID(one), outcome=outcome, source=source, source_key=key)

    @rule(seconds=st.sampled_from([1, 40, 1_800]))
    def time_passes(self, seconds: int) -> None:
        self._wait(seconds)

    @rule()
    def sweep(self) -> None:
        recover.release_stranded()
        recover.send_old_doubts_to_review()

    # What always holds.

    @invariant()
    def the_books_hold(self) -> None:
        books = books_now("modifications", "transactions", "captures", "attempts", "plans")
        assert {row["id"] for row in books["modifications"]} == {str(one) for one in (*self.accepted, *self.legs)}, "I1"
        found = [sentence for row in books["modifications"] for sentence in self.auditor._changes(row)]
        found += against_itself.reservations(books)
        found += against_itself.ceilings(books["transactions"])
        found += against_itself.captures(books)
        found += against_itself.plans(books)
        assert found == []
        keys = [(row["modification_id"], row["epoch"], row["purpose"]) for row in books["attempts"]]
        assert len(keys) == len(set(keys)), "I11"
        assert self.gateway.conflicts == [], "I6"
        for account in self.gateway.accounts.values():
            assert account.captured + account.released <= account.authorized, "I7"
            assert account.refunded <= account.captured, "I7"
        for row in books["modifications"]:
            self._hold_against_the_gateway(row)

    def teardown(self) -> None:
        """With the faults over everything comes to its end, and both books agree."""
        try:
            if hasattr(self, "transactions"):
                self._settle()
                self._compare()
        finally:
            database_transaction.set_rollback(True)
            self.rollback.close()

    def _hold_against_the_gateway(self, row: Row) -> None:
        done = self.gateway.executions.get(row["id"])
        moved = done is not None and done.verdict is Verdict.SUCCEEDED
        if row["state"] == "succeeded":
            assert moved, f"{row['id']}: succeeded here and not there (I4)"
        if row["state"] in ("failed", "withdrawn"):
            assert not moved, f"{row['id']}: {row['state']} here and moved there (I5)"

    def _settle(self) -> None:
        self.letters, self.answers = [], []
        for one in self.gateway.executions:
            self.gateway.finish(one, well=True)
            if self._is_silent(one):
                self._tell(one)
        for _ in range(40):
            self.clock.now += timedelta(minutes=31)
            recover.release_stranded()
            claims = claim(slots=8)
            if not claims and not Modification.objects.exclude(state__in=[*FINISHED, "review"]).exists():
                return
            armed = arm(claims)
            for taken in claims:
                assert taken.modification_id in armed
                self._write(Result(claim=taken, outcome=self._deliver(taken), armed=True))

    def _compare(self) -> None:
        for row in Modification.objects.all():
            assert row.state in FINISHED or self._may_be_in_review(row), f"{row.pk} is {row.state}: {row.reason_text}"
        for known in Transaction.objects.filter(pk__in=self.transactions, frozen_reason="", unknown_count=0):
            there = self.gateway.accounts[known.reference]
            ours = (known.captured, known.released, known.refunded, known.capturing, known.refunding)
            assert ours == (there.captured, there.released, there.refunded, 0, 0), "I9"

    def _may_be_in_review(self, row: Modification) -> bool:
        """Only what nobody could tell for a whole day, or what cannot be asked about."""
        return (
            row.state == ModificationState.REVIEW
            and row.doubt_since is not None
            and (self.clock.now - row.doubt_since > DAY or self._was_never_told(str(row.pk)))
        )

    def _was_never_told(self, one: str) -> bool:
        return self._is_silent(one) and one not in self.gateway.executions

    def _is_silent(self, one: str) -> bool:
        reference = Modification.objects.values_list("transaction__reference", flat=True).get(pk=one)
        return self.gateway.accounts[reference].silent

    def _hold_silence(self, taken: Claim, *, leaves: bool = True) -> None:
        """Where nothing can be asked and no key is honoured, what may have been sent is never sent again."""
        if taken.purpose is not Purpose.SEND or not self._is_silent(str(taken.modification_id)):
            return
        assert taken.modification_id not in self.sent_in_silence, "sent again without knowing"
        if leaves:
            self.sent_in_silence.add(taken.modification_id)

    # Small steps.

    def _ask(self, which: int, kind: Kind, amount: int, *, release_rest: bool = False) -> None:
        # The id is not drawn by chance: a life must be the same when it is lived again.
        self.asked += 1
        one = uuid.uuid5(uuid.NAMESPACE_OID, str(self.asked))
        wish = Wish(**self._form(one, which, kind, amount), release_rest=release_rest)
        try:
            accepted = ask(wish)
        except Refused:
            return
        assert ask(wish).pk == accepted.pk
        if isinstance(accepted, RefundPlan):
            self.legs += accepted.modifications.values_list("pk", flat=True)
        else:
            self.accepted.append(one)

    def _wait(self, seconds: int) -> None:
        self.clock.now += timedelta(seconds=seconds)
        self.letters = [letter for letter in self.letters if self.clock.now - letter.sent_at < _latest(letter)]

    def _work(self, wait: int, slots: int, fate: Fate) -> None:
        self._wait(wait)
        recover.release_stranded()
        claims = claim(slots=slots)
        armed = arm(claims)
        for taken in claims:
            if taken.modification_id in armed:
                self._send(taken, fate)

    def _send(self, taken: Claim, fate: Fate) -> None:
        self._hold_silence(taken)
        if fate is Fate.DIES_BEFORE_SENDING:
            return
        if fate is Fate.IN_THE_POST and taken.purpose is Purpose.SEND:
            self.letters.append(Letter(taken=taken, sent_at=self.clock.now))
            return
        outcome = self._deliver(
            taken,
            decline=fate is Fate.DECLINED,
            later=fate is Fate.PENDING,
            forgets=fate is Fate.FORGOTTEN,
        )
        if fate is Fate.REPLY_LOST:
            outcome = SILENCE
        if fate is not Fate.DIES_AFTER_SENDING:
            self.answers.append(Result(claim=taken, outcome=outcome, armed=True))
        if fate in WRITTEN_AT_ONCE:
            self._write(self.answers.pop())

    def _form(self, one: uuid.UUID, which: int, kind: Kind, amount: int) -> dict[str, Any]:
        return {
            "modification_id": one,
            "transaction_id": self.transactions[which],
            "kind": kind,
            "amount": amount,
            "reason": "returned",
            "description": "",
            "by": self.person,
            "source": Source.COMMAND,
            "expected_version": None,
            "confirmed_twin": True,
        }

    def _deliver(self, taken: Claim, **how: bool) -> Outcome:
        if taken.purpose is Purpose.QUERY:
            return self.gateway.look_up(taken.instruction)
        return self.gateway.receive(taken.instruction, taken.request.body, **how)

    def _write(self, result: Result) -> None:
        assert resolve_results([result]) == []
