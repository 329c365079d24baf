"""`manage.py reconcile FILE…`: bring settlement files in, match them, and say what met and what did not."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import CommandParser

from orders.management.output import DONE, MISUSED, WRONG, Errand, Report, Stop, account_named
from orders.models import FileState, GatewayAccount, ReconciliationRun, SettlementFile, SettlementProfile, Source
from orders.modifications.refusals import Refused
from orders.money import Money
from orders.reconciliation.drops import Dropped, account_of_folder, take_drops
from orders.reconciliation.files.receiving import receive
from orders.reconciliation.files.recognising import recognised
from orders.reconciliation.files.storing import PART_BYTES
from orders.reconciliation.runs import work_on
from orders.reconciliation.runs_trial import Trial, dry_run

_LISTED = 50


class Command(Errand):
    help = "Bring settlement files in: read, match and type what does not meet. A file counts whole or not at all."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="CSV or XLSX, plain or gzip.")
        parser.add_argument("--account", metavar="NAME", help="Whose files; else by folder, or as they say.")
        parser.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="Business date; else the last day booked.")
        parser.add_argument("--replaces", type=int, metavar="ID", help="The file that this one corrects.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen and leave nothing behind.")
        parser.add_argument("--drop", action="store_true", help="Take what lies in the drop folders.")

    def work(self, *, files: list[Path], drop: bool, **options: Any) -> Report:
        if drop:
            _refuse_with_drop(files, options)
            return _dropped(take_drops())
        if not files:
            raise Stop("Name at least one file, or say --drop; nothing was done.", exit_code=MISUSED)
        if options["replaces"] is not None and len(files) > 1:
            raise Stop("--replaces goes with one file; nothing was done.", exit_code=MISUSED)
        missing = [str(path) for path in files if not path.is_file()]
        if missing:
            raise Stop(f"There is no file {missing[0]}; nothing was done.", exit_code=MISUSED)
        owners = [(path, *_owner_of(path, options["account"])) for path in files]
        bringing = self.progress(owners, of=len(files), what="Reconciling")
        return _report([self._bring(path, account, profile, options) for path, account, profile in bringing])

    def _bring(
        self, path: Path, account: GatewayAccount, profile: SettlementProfile | None, options: dict[str, Any]
    ) -> dict[str, Any]:
        given = {
            "name": path.name,
            "profile": profile,
            "business_date": options["date"],
            "replaces": _file_numbered(options["replaces"]),
            "by": None,
            "source": Source.COMMAND,
        }
        try:
            with path.open("rb") as content:
                if options["dry_run"]:
                    return _tried(path, account, dry_run(account, chunks=_pieces(content), **given))
                received = receive(account, chunks=_pieces(content), **given)
        except Refused as refusal:
            return _told(path, account, ok=False, sentence=refusal.sentence)
        except OSError as problem:
            return _told(path, account, ok=False, sentence=f"The file cannot be read ({problem.strerror}).")
        if not received.new and received.file.state in (FileState.APPLIED, FileState.REPLACED):
            return _told(path, account, ok=True, sentence=received.sentence, file=received.file.pk, new=False)
        return _worked(path, account, received.file, work_on(received.file.pk))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a date is written as YYYY-MM-DD") from None


def _refuse_with_drop(files: list[Path], options: dict[str, Any]) -> None:
    if files or any(options[name] for name in ("account", "date", "replaces", "dry_run")):
        raise Stop("--drop goes alone: the folders say whose files they are. Nothing was done.", exit_code=MISUSED)
    if settings.SETTLEMENT_DROP_DIR is None:
        raise Stop("SETTLEMENT_DROP_DIR is not set, so there is no drop folder.", exit_code=MISUSED)


def _owner_of(path: Path, name: str | None) -> tuple[GatewayAccount, SettlementProfile | None]:
    """Whose file it is: as said, by its drop folder, the only account, or as its own lines say. Raises Stop."""
    if name:
        return account_named(name), None
    found = account_of_folder(path)
    accounts = [found] if found else list(GatewayAccount.objects.select_related("merchant").order_by("pk")[:2])
    if len(accounts) == 1:
        return accounts[0], None
    try:
        with path.open("rb") as content:
            profile = recognised(lambda: _from_the_beginning(content))
    except OSError as problem:
        raise Stop(f"{path.name} cannot be read ({problem.strerror}); nothing was done.") from problem
    except Refused as refusal:
        sentence = f"{path.name}: {refusal.sentence} Say with --account NAME whose file this is."
        raise Stop(sentence, exit_code=MISUSED) from refusal
    return profile.account, profile


def _from_the_beginning(content: BinaryIO) -> BinaryIO:
    content.seek(0)
    return content


def _file_numbered(number: int | None) -> SettlementFile | None:
    if number is None:
        return None
    file = SettlementFile.objects.exclude(state=FileState.TRIAL).filter(pk=number).first()
    if file is None:
        raise Stop(f"There is no settlement file {number}; nothing was done.", exit_code=MISUSED)
    return file


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: content.read(PART_BYTES), b"")


def _told(path: Path, account: GatewayAccount, *, ok: bool, sentence: str, **facts: Any) -> dict[str, Any]:
    return {"name": path.name, "account": account.name, "ok": ok, "sentence": sentence, **facts}


def _tried(path: Path, account: GatewayAccount, trial: Trial) -> dict[str, Any]:
    return _told(
        path,
        account,
        ok=trial.taken,
        sentence=trial.sentence,
        dry_run=True,
        business_date=trial.business_date,
        replaces=trial.replaces.pk if trial.replaces else None,
        lines=trial.lines,
        overlaps=trial.overlaps,
        totals=trial.totals,
        matches=trial.matches,
        unmet=trial.unmet,
        bad_lines=[{"line": bad.number, "reason": bad.reason} for bad in trial.bad_lines],
    )


def _worked(path: Path, account: GatewayAccount, file: SettlementFile, run: ReconciliationRun | None) -> dict[str, Any]:
    file.refresh_from_db()
    if file.state == FileState.REFUSED:
        bad = file.bad_line_rows.values_list("number", "reason")
        lines = [{"line": number, "reason": reason} for number, reason in bad]
        return _told(path, account, ok=False, sentence=file.problem, file=file.pk, bad_lines=lines)
    if file.state in (FileState.WAITING, FileState.LOADING) or run is None:
        sentence = "It is stored and waits: another process works on this account, and reads it next."
        return _told(path, account, ok=True, sentence=sentence, file=file.pk)
    return _told(
        path,
        account,
        ok=True,
        sentence="It counts.",
        file=file.pk,
        new=True,
        run=run.pk,
        business_date=file.business_date,
        replaces=file.replaces_id,
        lines=file.lines,
        overlaps=file.overlaps,
        totals=file.totals,
        matches=run.figures.get("matches", {}),
        discrepancies=run.figures.get("discrepancies", {}),
    )


def _report(told: list[dict[str, Any]]) -> Report:
    lines = [line for one in told for line in _lines(one)]
    return Report(lines=lines, facts={"files": told}, exit_code=DONE if all(one["ok"] for one in told) else WRONG)


def _lines(one: dict[str, Any]) -> Iterator[str]:
    yield f"{one['name']} ({one['account']}): {one['sentence']}"
    bad = one.get("bad_lines", [])
    yield from (f"  Line {row['line']}: {row['reason']}" for row in bad[:_LISTED])
    if len(bad) > _LISTED:
        yield f"  … and {len(bad) - _LISTED} more."
    if "lines" not in one or not one["ok"]:
        return
    sums = ", ".join(f"net {Money(sums['net'], code)}" for code, sums in one["totals"].items()) or "nothing"
    yield f"  {one['business_date']}: {one['lines']:,} lines, {one['overlaps']:,} known before, {sums}."
    rules = ", ".join(f"{count:,} by {rule}" for rule, count in one["matches"].items()) or "none"
    yield f"  Matches: {rules}."
    if "unmet" in one:
        yield f"  Lines that would meet nothing of ours: {one['unmet']:,}."
    types = {kind: sum(of["count"] for of in found.values()) for kind, found in one.get("discrepancies", {}).items()}
    if types:
        yield "  Discrepancies: " + ", ".join(f"{count:,} {kind}" for kind, count in types.items()) + "."


def _dropped(taken: list[Dropped]) -> Report:
    facts = [
        {"name": one.name, "account": one.account, "state": one.state, "sentence": one.sentence, "file": one.file_id}
        for one in taken
    ]
    lines = [f"{one.name} ({one.account or 'no account'}): {one.state}. {one.sentence}" for one in taken]
    wrong = any(one.state == "refused" for one in taken)
    return Report(
        lines=lines or ["There was nothing to take."], facts={"files": facts}, exit_code=WRONG if wrong else DONE
    )
