"""An experiment says what a profile would change on the last ninety days, and leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.models import (
    Discrepancy,
    FileState,
    GatewayAccount,
    Match,
    Modification,
    ProfileState,
    ReconciliationRun,
    RunStage,
    SettlementFile,
    SettlementLine,
    SettlementProfile,
)
from orders.modifications.refusals import NotAllowed
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.laboratory import experiment
from orders.reconciliation.matching.linking import unlink
from orders.reconciliation.runs import work_on
from tests.factories import a_captured_transaction, a_merchant, a_person, an_account
from tests.reconciliation.runs.bringing import bring, line, paper
from tests.reconciliation_factories import a_match, a_modification_of, a_profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> GatewayAccount:
    return an_account(merchant=a_merchant())


@pytest.fixture
def fay(account: GatewayAccount) -> User:
    return a_person(merchants=[account.merchant], groups=["finance"])


@pytest.fixture
def profile(account: GatewayAccount) -> SettlementProfile:
    return a_profile(account, name="daily", mapping=SANDBOX_MAPPING.to_json())


def a_draft_of(profile: SettlementProfile, **fields: Any) -> SettlementProfile:
    values = {"mapping": profile.mapping, "version": profile.version + 1, "state": ProfileState.DRAFT, **fields}
    return a_profile(profile.account, name=profile.name, **values)


def captured(account: GatewayAccount, amount: int) -> str:
    row = a_modification_of(a_captured_transaction(account=account, captured=amount), amount=amount)
    return row.gateway_reference


def a_file_of(profile: SettlementProfile, *lines: str) -> SettlementFile:
    received = bring(profile.account, paper(*lines), profile=profile)
    work_on(received.file.pk)
    received.file.refresh_from_db()
    assert received.file.state == FileState.APPLIED, received.file.problem
    return received.file


def tried(profile: SettlementProfile, by: User) -> ReconciliationRun:
    run = experiment.begin(profile, by=by)
    assert experiment.work_due() == 1
    run.refresh_from_db()
    assert (run.stage, run.problem) == (RunStage.DONE, "")
    return run


def test_a_wider_tolerance_meets_a_cent_more_and_loses_nothing(profile: SettlementProfile, fay: User) -> None:
    exact, off = captured(profile.account, 5_000), captured(profile.account, 3_000)
    a_file_of(profile, line(exact, "50.00"), line(off, "30.01"))

    run = tried(a_draft_of(profile, tolerance_minor=1), fay)

    figures = run.figures
    assert (figures["met_before"], figures["met_now"]) == (1, 2)
    assert (figures["gained"], figures["lost"], figures["moved"]) == (1, 0, 0)
    gained = SettlementLine.objects.get(pk=figures["examples"]["gained"][0])
    assert gained.reference == off


def test_a_mapping_that_loses_the_reference_is_seen_to_break_matches(profile: SettlementProfile, fay: User) -> None:
    reference = captured(profile.account, 5_000)
    a_file_of(profile, line(reference, "50.00"))
    blind = {**profile.mapping, "columns": dict(profile.mapping["columns"])}
    blind["columns"]["reference"] = {"column": "payoutReference"}

    run = tried(a_draft_of(profile, mapping=blind), fay)

    assert (run.figures["met_before"], run.figures["met_now"], run.figures["lost"]) == (1, 0, 1)


def test_a_mapping_that_cannot_read_the_files_is_told_with_their_names(profile: SettlementProfile, fay: User) -> None:
    file = a_file_of(profile, line(captured(profile.account, 5_000), "50.00"))
    other = {**profile.mapping, "columns": dict(profile.mapping["columns"])}
    other["columns"]["gross"] = {"column": "Brutto"}

    run = tried(a_draft_of(profile, mapping=other), fay)

    (unread,) = run.figures["unreadable"]
    assert (unread["file"], run.figures["lost"]) == (file.pk, 1)
    assert "Brutto" in unread["problem"]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("other_reading", [False, True])
def test_what_a_person_took_apart_is_not_gained_by_a_trial(
    profile: SettlementProfile, fay: User, other_reading: bool, exact: bool
) -> None:
    first = line(captured(profile.account, 3_001 if exact else 3_000), "30.01")
    a_file_of(profile, first, line(captured(profile.account, 5_000), "50.01"))
    mapping = {**profile.mapping, "columns": dict(profile.mapping["columns"])}
    if other_reading:
        mapping["columns"]["custom_reference"] = {"column": "currencyCode"}
    parted = SettlementLine.objects.get(gross=3_001)
    ours = Modification.objects.get(amount__in=(3_000, 3_001))
    made = Match.objects.first() or a_match(parted, modification=ours, run=ReconciliationRun.objects.get())
    unlink(made.pk, by=fay, reason="The portal shows another one.")

    figures = tried(a_draft_of(profile, tolerance_minor=1, mapping=mapping), fay).figures

    assert (figures["gained"], figures["lost"], figures["moved"]) == (1, 0, 0)
    assert figures["examples"]["gained"] == [SettlementLine.objects.get(gross=5_001).pk]


def test_an_experiment_leaves_nothing_behind_and_changes_nothing(profile: SettlementProfile, fay: User) -> None:
    a_file_of(profile, line(captured(profile.account, 5_000), "50.00"), line("stranger", "7.00"))
    other = {**profile.mapping, "columns": dict(profile.mapping["columns"])}
    other["columns"]["payout_reference"] = {"column": "partnerReference"}
    before = _everything()

    tried(a_draft_of(profile, mapping=other, tolerance_days=1), fay)

    assert _everything() == before


def test_asking_twice_is_one_experiment_and_a_finished_one_may_be_repeated(
    profile: SettlementProfile, fay: User
) -> None:
    draft = a_draft_of(profile)
    first = experiment.begin(draft, by=fay)

    assert experiment.begin(draft, by=fay) == first
    assert experiment.work_due() == 1
    assert experiment.work_due() == 0
    assert experiment.begin(draft, by=fay) != first


def test_what_a_dead_worker_left_is_swept_and_done_anew(profile: SettlementProfile, fay: User) -> None:
    a_file_of(profile, line(captured(profile.account, 5_000), "50.00"))
    draft = a_draft_of(profile, tolerance_minor=1)
    run = experiment.begin(draft, by=fay)
    dead = experiment._take()
    assert dead is not None
    experiment._try(dead, draft)
    assert Match.objects.filter(run=run).exists()
    assert experiment.work_due() == 0, "somebody is at it"
    ReconciliationRun.objects.filter(pk=run.pk).update(lease_until=run.started_at - timedelta(minutes=1))

    assert experiment.work_due() == 1
    run.refresh_from_db()
    assert (run.stage, run.figures["met_now"]) == (RunStage.DONE, 1)
    assert not Match.objects.filter(run=run).exists()


def test_an_error_ends_the_experiment_with_a_sentence(
    profile: SettlementProfile, fay: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_file_of(profile, line(captured(profile.account, 5_000), "50.00"))
    run = experiment.begin(a_draft_of(profile), by=fay)

    def explode(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(experiment, "match", explode)
    experiment.work_due()

    run.refresh_from_db()
    assert run.stage == RunStage.DONE
    assert "nothing was changed" in run.problem


def test_only_people_who_reconcile_try_profiles(profile: SettlementProfile) -> None:
    agent = a_person(merchants=[profile.account.merchant], groups=["agent"])
    stranger = a_person(groups=["finance"])

    for person in (agent, stranger):
        with pytest.raises(NotAllowed, match="reconcile"):
            experiment.begin(profile, by=person)


def test_a_retired_version_is_not_tried(profile: SettlementProfile, fay: User) -> None:
    with pytest.raises(NotAllowed, match="retired"):
        experiment.begin(a_draft_of(profile, state=ProfileState.RETIRED), by=fay)


def _everything() -> tuple[object, ...]:
    return (
        list(SettlementFile.objects.order_by("pk").values_list("pk", "state")),
        list(SettlementLine.objects.order_by("pk").values_list("pk", flat=True)),
        list(Match.objects.order_by("pk").values_list("pk", "line_id")),
        list(Discrepancy.objects.order_by("pk").values_list("pk", "state", "type")),
    )
