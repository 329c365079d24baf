"""`reconcile`: files come in by name or from drop folders, a dry run leaves nothing, and what is wrong is said."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from orders.models import (
    FileState,
    GatewayAccount,
    Match,
    ReconciliationRun,
    SettlementFile,
    SettlementFilePart,
    SettlementLine,
    SettlementTerms,
)
from orders.reconciliation import drops
from orders.reconciliation.drops import take_drops
from orders.reconciliation.files.uploads import forget_upload
from tests.commands.running import run
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation.runs.bringing import line, paper
from tests.reconciliation_factories import a_modification_of

pytestmark = pytest.mark.django_db


def written(folder: Path, *lines: str, name: str = "day.csv") -> str:
    path = folder / name
    path.write_bytes(paper(*lines))
    return str(path)


@pytest.fixture
def folder(tmp_path: Path, settings: LazySettings) -> Path:
    """The drop folder of an account."""
    settings.SETTLEMENT_DROP_DIR = tmp_path / "drop"
    place = tmp_path / "drop" / "acme"
    place.mkdir(parents=True)
    SettlementTerms.objects.create(account=an_account(), drop_folder="acme")
    return place


def test_a_file_is_taken_matched_and_told(tmp_path: Path) -> None:
    capture = a_modification_of(a_captured_transaction(captured=5_000), amount=5_000)
    path = written(tmp_path, line(capture.gateway_reference, "50.00", fee="1.00"), line("X", "7.00"))

    ended = run("reconcile", path, "--account", capture.account.name)

    assert ended.code == 0
    assert "It counts." in ended.out
    assert "2 lines, 0 known before, net 56.00" in ended.out.replace("EUR ", "")
    assert "Matches: 1 by reference." in ended.out
    assert "1 theirs_not_ours" in ended.out


def test_the_same_file_again_changes_nothing_and_says_so(tmp_path: Path) -> None:
    account = an_account()
    path = written(tmp_path, line("A", "1.00"))
    run("reconcile", path, "--account", account.name)

    ended = run("reconcile", path, "--account", account.name, "--json")

    assert ended.code == 0
    assert ended.facts["files"][0]["new"] is False
    assert SettlementLine.objects.count() == 1


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(tmp_path: Path) -> None:
    capture = a_modification_of(a_captured_transaction(captured=5_000), amount=5_000)
    path = written(tmp_path, line(capture.gateway_reference, "50.00"), line("X", "7.00"))

    ended = run("reconcile", path, "--account", capture.account.name, "--dry-run", "--json")

    assert ended.code == 0
    told = ended.facts["files"][0]
    assert (told["lines"], told["matches"], told["unmet"]) == (2, {"reference": 1}, 1)
    for model in (SettlementFile, SettlementFilePart, SettlementLine, ReconciliationRun, Match):
        assert not model._default_manager.exists()


def test_a_dry_run_of_a_bad_file_tells_its_lines_and_leaves_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, line("A", "1.00"), line("B", "1.00").replace("1.00", "one", 1))

    ended = run("reconcile", path, "--account", an_account().name, "--dry-run")

    assert ended.code == 1
    assert "Line 3" in ended.out
    assert not SettlementFile.objects.exists()
    assert not SettlementLine.objects.exists()


def test_a_bad_file_is_refused_with_its_lines(tmp_path: Path) -> None:
    account = an_account()
    path = written(tmp_path, line("A", "1.00").replace("1.00", "one", 1))

    ended = run("reconcile", path, "--account", account.name)

    assert ended.code == 1
    assert "Nothing of this file counts." in ended.out
    assert SettlementFile.objects.get().state == FileState.REFUSED


def test_what_cannot_be_understood_is_refused_before_anything_happens(tmp_path: Path) -> None:
    path = written(tmp_path, line("A", "1.00"))
    one, _other = an_account(), an_account()

    for words, sentence in {
        (): "at least one file",
        (path,): "--account",
        (str(tmp_path / "none.csv"), "--account", one.name): "There is no file",
        (path, "--account", "nobody"): "no account",
        (path, "--account", one.name, "--replaces", "77"): "no settlement file 77",
        (path, path, "--account", one.name, "--replaces", "77"): "goes with one file",
        (path, "--drop"): "goes alone",
        ("--drop",): "SETTLEMENT_DROP_DIR",
    }.items():
        ended = run("reconcile", *words)
        assert ended.code == 2
        assert sentence in ended.err
    assert not SettlementFile.objects.exists()


def test_a_correction_names_its_file(tmp_path: Path) -> None:
    account = an_account()
    run("reconcile", written(tmp_path, line("A", "1.00")), "--account", account.name)
    first = SettlementFile.objects.get()
    corrected = written(tmp_path, line("B", "1.00"), name="corrected.csv")

    ended = run("reconcile", corrected, "--account", account.name, "--replaces", str(first.pk), "--json")

    assert ended.facts["files"][0]["replaces"] == first.pk
    first.refresh_from_db()
    assert first.state == FileState.REPLACED


def still(path: str) -> None:
    """Last written a minute ago."""
    before = os.stat(path).st_mtime - 60
    os.utime(path, (before, before))


def test_a_dropped_file_is_taken_once_it_stands_still(folder: Path) -> None:
    path = written(folder, line("A", "1.00"))
    assert take_drops() == []
    still(path)

    (taken,) = take_drops()

    assert taken.state == "done"
    assert [one.name.split("-", 1)[1] for one in (folder / "done").iterdir()] == ["day.csv"]
    assert SettlementFile.objects.get().account == GatewayAccount.objects.get()
    assert take_drops() == []


def test_a_refused_drop_lies_beside_its_sentence(folder: Path) -> None:
    still(written(folder, "garbage"))

    ended = run("reconcile", "--drop")

    assert ended.code == 1
    file, note = sorted((folder / "refused").iterdir())
    assert note.name == f"{file.name}.txt"
    assert "Nothing of this file counts." in note.read_text(encoding="utf-8")


def test_a_dropped_repeat_is_put_away_without_counting_twice(folder: Path) -> None:
    for name in ("day.csv", "again.csv"):
        still(written(folder, line("A", "1.00"), name=name))

    assert [one.state for one in take_drops()] == ["done", "done"]
    assert SettlementLine.objects.count() == 1


def test_links_hidden_and_unfinished_files_are_left_alone(folder: Path, tmp_path: Path) -> None:
    outside = written(tmp_path, line("A", "1.00"), name="secret.csv")
    still(outside)
    (folder / "link.csv").symlink_to(outside)
    for name in (".hidden.csv", "day.csv.part", "day.csv.tmp"):
        still(written(folder, line("A", "1.00"), name=name))
    (folder / "sub").mkdir()

    assert take_drops() == []
    assert not SettlementFile.objects.exists()


@pytest.mark.parametrize("name", ["..", ".", "../other", "/etc"])
def test_a_drop_folder_never_leads_outside(folder: Path, name: str) -> None:
    still(written(folder.parent, line("A", "1.00")))
    SettlementTerms.objects.update(drop_folder=name)

    assert [one.account for one in take_drops() if one.state != "refused"] == []
    assert not SettlementFile.objects.exists()


def test_a_drop_folder_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    still(written(tmp_path, line("A", "1.00")))
    (folder.parent / "link").symlink_to(tmp_path)
    SettlementTerms.objects.update(drop_folder="link")

    assert take_drops() == []


def test_a_file_in_a_drop_folder_knows_its_account(folder: Path) -> None:
    an_account()

    ended = run("reconcile", written(folder, line("A", "1.00")), "--json")

    assert ended.facts["files"][0]["account"] == SettlementTerms.objects.get().account.name


def test_a_file_that_cannot_be_taken_does_not_stand_in_the_way_of_the_others(folder: Path) -> None:
    written(folder, line("A", "1.00"), name="a" + "ä" * 120 + ".csv")
    written(folder, line("B", "2.00"), name="b.csv")
    (folder / "c.csv").mkdir()
    os.mkfifo(folder / "d.csv")
    written(folder, line("E", "3.00"), name="e\n.csv")

    assert [one.state for one in take_drops(still_seconds=-1)] == ["done"] * 3

    assert SettlementFile.objects.filter(state=FileState.APPLIED).count() == 3
    assert sorted(path.name for path in folder.iterdir()) == ["c.csv", "d.csv", "done"]


def test_a_folder_into_which_nothing_can_be_moved_does_not_stop_the_next(folder: Path) -> None:
    written(folder, line("A", "1.00"))
    (folder / "done").write_text("This is no folder.")
    other = folder.parent / "other"
    other.mkdir()
    SettlementTerms.objects.create(account=an_account(), drop_folder="other")
    written(other, line("B", "2.00"), name="b.csv")

    taken = [one.name for one in take_drops(still_seconds=-1)]

    assert "b.csv" in taken
    assert "day.csv" not in taken


@pytest.mark.parametrize("at", ["append_part", "finish_upload"])
def test_a_dropped_file_whose_upload_vanishes_is_told_so_and_the_next_one_is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    written(folder, line("A", "1.00"), name="a.csv")
    written(folder, line("B", "2.00"), name="b.csv")
    through = getattr(drops, at)

    def vanish_first(file: SettlementFile, **given: Any) -> Any:
        if file.name == "a.csv":
            forget_upload(file)
        return through(file, **given)

    monkeypatch.setattr(drops, at, vanish_first)

    first, second = take_drops(still_seconds=-1)

    assert (first.name, first.state) == ("a.csv", "refused")
    assert "nothing of it counts" in first.sentence
    assert (second.name, second.state) == ("b.csv", "done")
