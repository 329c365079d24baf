"""How each promise of the settlement tables is broken."""

from __future__ import annotations

import uuid
from datetime import date

from django.db.models import Model

from orders.models import FileState, ProfileState, RunState
from tests import factories
from tests.models import settlement_rows as rows
from tests.models.crime import Crime

LATER = "2030-01-01 00:00:00+00:00"


def a_loading_file() -> Model:
    return rows.file(state=FileState.LOADING, applied_at=None, business_date=None)


def a_running_run() -> Model:
    return rows.run(state=RunState.RUNNING)


def a_draft_beside_an_active_one() -> Model:
    active = rows.active_profile()
    return rows.profile(account=active.account, version=2)


UPDATES = [
    Crime("a_refusal_says_why", rows.refused_file, {"problem": ""}),
    Crime("what_counts_has_a_date", a_loading_file, {"state": "applied", "applied_at": LATER}),
    Crime("what_counts_has_a_date", a_loading_file, {"state": "applied", "business_date": date(2026, 10, 1)}),
    Crime("one_active_version_of_a_profile", a_draft_beside_an_active_one, {"state": ProfileState.ACTIVE}),
    Crime("an_unmatching_says_why", rows.match, {"ended_at": LATER}),
    Crime("a_discrepancy_has_a_value", rows.discrepancy, {"amount": -1}),
    Crime("every_discrepancy_ends_with_a_reason", rows.discrepancy, {"state": "resolved", "closed_at": LATER}),
    Crime("every_discrepancy_ends_with_a_reason", rows.discrepancy, {"state": "accepted", "resolution": "small"}),
    Crime("every_discrepancy_ends_with_a_reason", rows.discrepancy, {"closed_at": LATER}),
    Crime("a_write_off_waits_for_somebody", rows.discrepancy, {"state": "waiting"}),
    Crime(
        "nobody_writes_off_alone", rows.discrepancy, {"state": "written_off", "closed_at": LATER, "resolution": "gone"}
    ),
    Crime("a_drift_is_decided_with_a_reason", rows.drift, {"state": "kept"}),
    Crime("a_drift_is_decided_with_a_reason", rows.drift, {"state": "adopted", "reason": "theirs is right"}),
    Crime("nobody_closes_a_month_alone", rows.signed_month, {"state": "closed"}),
    Crime("a_reopening_has_a_reason", rows.closed_month, {"state": "reopened"}),
]
INSERTS = [
    Crime("a_drop_folder_belongs_to_one_account", rows.terms, {"account_id": lambda: factories.an_account().pk}),
    Crime("a_profile_version_is_one", rows.profile, {}),
    Crime("the_same_bytes_are_taken_once", rows.file, {}),
    Crime("a_part_has_its_place", rows.part, {}),
    Crime("one_run_works_on_an_account", a_running_run, {}),
    Crime("a_match_has_one_other_side", rows.match, {"movement_id": None}),
    Crime("a_match_has_one_other_side", rows.match, {"modification_id": uuid.uuid4().hex}),
    Crime("a_discrepancy_is_known_once", rows.discrepancy, {}),
    Crime("an_errand_of_a_night_runs_once", rows.night, {}),
    Crime("a_drift_is_open_once", rows.drift, {}),
    Crime("a_month_is_closed_in_rounds", rows.closed_month, {"state": "withdrawn"}),
    Crime("a_month_is_closed_once", rows.signed_month, {"round": 2}),
]
