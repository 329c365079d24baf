"""How far a file, or a run that a person asked for, has come: the sentence and the bar that a page follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.models import FileState, ReconciliationRun, RunKind, RunStage, RunState, SettlementFile
from orders.presenters.reconciliation.words import FILE_TONES, RUN_TONES, UNDER_WAY, size_text
from orders.reconciliation.runs_turns import silent_since
from orders.sentences import counted
from orders.templatetags.presentation import clock_text

_STEPS = 1000
_PIECE = timedelta(minutes=1)
"""So long a piece of an upload takes at most while all is well."""
_SENTENCES = {
    RunStage.LOADING: "Its file is being read; nothing of it counts before all of it is.",
    RunStage.MATCHING: "What has not met is being matched against our books; nothing of it counts yet.",
}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far it has come. `done` is in thousandths."""

    sentence: str
    done: int
    moving: bool
    tone: str
    mark: str
    """Changes whenever there is something new to show."""
    standstill: str = ""
    """Why it does not move just now, and when it goes on by itself; empty while all is well."""

    @property
    def percent(self) -> int:
        """For the bar."""
        return self.done // 10


def progress_of(file: SettlementFile, run: ReconciliationRun | None, *, now: datetime, zone: str) -> Progress:
    """The sentence that a page follows until the file, and the run that it started, are at rest."""
    moving = file.state in UNDER_WAY or _unfinished(run)
    stage = "" if run is None else run.stage
    standstill = _nothing_comes(file, now, zone) or (_standstill(run, now, zone) if moving else "")
    seen = f"{file.state}.{file.bytes_read}.{file.rows_read}.{file.size}.{stage}.{run.state if run else ''}"
    return Progress(
        sentence=_sentence(file, run, moving=moving),
        done=_done(file, stage, moving=moving),
        moving=moving,
        tone=_tone(run, FILE_TONES[FileState(file.state)], moving=moving, standstill=standstill),
        mark=_mark(seen, run, standstill),
        standstill=standstill,
    )


def run_progress(run: ReconciliationRun, *, now: datetime, zone: str) -> Progress:
    """The same for a run by itself, its account loaded."""
    moving = _unfinished(run)
    standstill = _standstill(run, now, zone) if moving else ""
    stages = list(RunStage.values)
    return Progress(
        sentence=_sentence_of_run(run, moving=moving),
        done=_STEPS * stages.index(run.stage) // len(stages) if moving and run.stage in stages else _STEPS,
        moving=moving,
        tone=_tone(run, RUN_TONES[RunState(run.state)], moving=moving, standstill=standstill),
        mark=_mark(f"{run.state}.{run.stage}.{min(run.epoch, 1)}", run, standstill),
        standstill=standstill,
    )


def _unfinished(run: ReconciliationRun | None) -> bool:
    return run is not None and run.state in (RunState.RUNNING, RunState.APPLIED) and run.stage != RunStage.DONE


def _standstill(run: ReconciliationRun | None, now: datetime, zone: str) -> str:
    if run is None or run.lease_until is None:
        return ""
    heard = silent_since(run, now)
    ahead = run.lease_until > now
    when = f"goes on by itself at {clock_text(run.lease_until, zone)}" if ahead else "goes on by itself in a moment"
    if run.problem and ahead:
        return f"{run.problem} It {when}; nobody needs to do anything."
    if heard is None:
        return ""
    return (
        f"The worker has not been heard of since {clock_text(heard, zone)}; it may have stopped. If so, another one "
        f"{when}, from where it stopped. Nobody needs to do anything."
    )


def _nothing_comes(file: SettlementFile, now: datetime, zone: str) -> str:
    if file.state != FileState.RECEIVING or now - file.received_at < _PIECE:
        return ""
    return (
        f"Nothing has arrived since {clock_text(file.received_at, zone)}. Whoever began it can go on from the page on "
        "which they chose it, or upload the file once more."
    )


def _mark(seen: str, run: ReconciliationRun | None, standstill: str) -> str:
    """One that stands still is told once; when it goes on, its epoch changes."""
    if not standstill:
        return seen
    return f"{seen}.still.{run.epoch}.{run.lease_until:%H%M%S}" if run and run.lease_until else f"{seen}.still"


def _sentence(file: SettlementFile, run: ReconciliationRun | None, *, moving: bool) -> str:
    if file.state == FileState.RECEIVING:
        of_all = f" of {size_text(file.expected_size)}" if file.expected_size else ""
        return f"{size_text(file.size)}{of_all} have arrived; nothing of it counts yet."
    if file.state == FileState.WAITING:
        return "It arrived whole and waits to be read; nothing of it counts yet."
    if file.state == FileState.LOADING:
        return f"{counted(file.rows_read, 'line')} read; nothing of it counts before all are."
    if file.state == FileState.REFUSED:
        return file.problem
    if file.state == FileState.REPLACED:
        return "A corrected file took its place; its lines no longer count."
    if moving and run is not None:
        return f"Its lines count. {RunStage(run.stage).label} …"
    said = f"{counted(file.lines, 'line')} of it {'counts' if file.lines == 1 else 'count'}."
    if file.overlaps:
        again = "is" if file.overlaps == 1 else "are"
        said += f" {counted(file.overlaps, 'line')} stood in an earlier file already and {again} not counted again."
    return said


def _sentence_of_run(run: ReconciliationRun, *, moving: bool) -> str:
    if moving and run.state == RunState.APPLIED:
        return f"What met counts. {RunStage(run.stage).label} …"
    if moving and not run.epoch:
        return "It waits for a worker, which begins in a moment; nothing was changed yet."
    if moving:
        return _SENTENCES.get(RunStage(run.stage), f"{RunStage(run.stage).label} …")
    if run.state != RunState.APPLIED or run.kind not in (RunKind.PERSON, RunKind.NIGHT):
        return run.problem or "It is over."
    matches = run.figures.get("matches", {}) if isinstance(run.figures, dict) else {}
    met = sum(count for count in matches.values() if isinstance(count, int))
    lines = f"{counted(met, 'line')} met now" if met else "No line that had not met meets now"
    return f"{run.account.name} was matched again. {lines}."


def _done(file: SettlementFile, stage: str, *, moving: bool) -> int:
    """Receiving and reading fill nine tenths of the bar by bytes, what follows the rest by stages."""
    if not moving:
        return _STEPS
    if file.state == FileState.RECEIVING:
        return _share(file.size, file.expected_size or 0)
    if file.state in (FileState.WAITING, FileState.LOADING):
        matching = 50 if stage and stage != RunStage.LOADING else 0
        return _share(file.bytes_read, file.size) * 9 // 10 + matching
    stages = list(RunStage.values)
    return 900 + 100 * stages.index(stage) // len(stages) if stage in stages else 950


def _share(part: int, whole: int) -> int:
    return min(_STEPS, part * _STEPS // whole) if whole else 0


def _tone(run: ReconciliationRun | None, at_rest: str, *, moving: bool, standstill: str) -> str:
    if standstill:
        return "careful"
    if moving:
        return "busy"
    return "careful" if run is not None and run.problem else at_rest
