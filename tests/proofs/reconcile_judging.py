"""The judge: compares what was matched and found with the truth. It reads the rows and shares no rule with the code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.proofs.reconcile_books import PART_NAMES, Books

if TYPE_CHECKING:
    from orders.models import Discrepancy, Match, SettlementLine

Entry = dict[str, Any]
AS_A_MATTER_OF_COURSE = frozenset(("fee", "payout"))
"""Lines that meet nothing of ours."""


@dataclass(kw_only=True)
class Kind:
    """One kind of mistake: how many there were, were found and typed, and explained."""

    type: str
    there: int = 0
    found: int = 0
    explained: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    """What was said instead of the right cause."""


@dataclass(kw_only=True)
class Verdict:
    """Everything the proof asks for. `matches` are all that count."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    matches: int = 0
    false_matches: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    """Discrepancies without a truth."""
    doubts_left: int = 0
    """Modifications whose outcome is still unknown although their lines are there."""

    @property
    def there(self) -> int:
        return sum(kind.there for kind in self.kinds.values())

    @property
    def found(self) -> int:
        return sum(kind.found for kind in self.kinds.values())

    @property
    def explained(self) -> int:
        return sum(kind.explained for kind in self.kinds.values())


def judged(books: Books, ledger: Entry, truths: list[Entry]) -> Verdict:
    """Read the database against the ledger and the truth."""
    from orders.models import Modification

    rows = _Rows(books)
    verdict = Verdict(doubts_left=Modification.objects.filter(pk__in=books.unknown).exclude(state="succeeded").count())
    asked = set[int]()
    for truth in truths:
        kind = verdict.kinds.setdefault(truth["kind"], Kind(type=truth["type"] or "none"))
        kind.there += 1
        found = rows.about(truth, asked)
        if not truth["type"]:
            kind.found += rows.meets(truth)
            kind.explained += rows.meets(truth)
        elif found is not None:
            asked.add(found.pk)
            kind.found += 1
            kind.explained += found.cause == truth["cause"]
            kind.causes.update([found.cause or "nothing"] if found.cause != truth["cause"] else [])
        if (truth["type"] and found is None) or (not truth["type"] and not rows.meets(truth)):
            verdict.missed.append(_said(truth))
    verdict.unasked = [_shown(one) for one in rows.open_discrepancies if one.pk not in asked]
    verdict.matches = len(rows.matches)
    verdict.false_matches = list(_false_matches(rows, ledger, truths))
    return verdict


class _Rows:
    """The counting lines and matches, and the discrepancies that somebody still has to look at."""

    def __init__(self, books: Books) -> None:
        from orders.models import Discrepancy, ExternalMovement, Match, SettlementLine

        self._accounts = {key: account.pk for key, account in books.accounts.items()}
        counting = SettlementLine.objects.filter(file__state="applied", overlap=False).select_related("file")
        self.lines: dict[int, SettlementLine] = {line.pk: line for line in counting}
        self._by_content = defaultdict[tuple[Any, ...], list[int]](list)
        for line in self.lines.values():
            self._by_content[_content(line)].append(line.pk)
        self.movements = {one.pk: one.key.partition(":")[2] for one in ExternalMovement.objects.all()}
        self.matches: list[Match] = [
            match
            for match in Match.objects.filter(run__state="applied", ended_at=None).select_related("transaction")
            if match.line_id in self.lines
        ]
        self._matched = {match.line_id for match in self.matches}
        self.open_discrepancies: list[Discrepancy] = list(
            Discrepancy.objects.filter(state__in=["open", "waiting"]).select_related("transaction", "line", "account")
        )
        self._by_line = _grouped((one.line_id, one) for one in self.open_discrepancies if one.line_id)
        self._by_item = _grouped((self.item(one), one) for one in self.open_discrepancies)
        self._by_transaction = _grouped(
            (one.transaction.reference, one) for one in self.open_discrepancies if one.transaction
        )

    def item(self, one: Discrepancy | Match) -> str:
        """The id that the ledger has for our side."""
        return str(one.modification_id) if one.modification_id else self.movements.get(one.movement_id or 0, "")

    def lines_of(self, truth: Entry) -> list[int]:
        account = self._accounts[truth["merchantKey"]]
        words = [truth[name] or "" for name in ("reference", "gatewayId", "transactionId", "currency", "amount")]
        return self._by_content.get((account, truth["lineDate"], (truth["lineType"] or "").lower(), *words), [])

    def about(self, truth: Entry, asked: set[int]) -> Discrepancy | None:
        """An open discrepancy of the right type about the right line, item or transaction, not taken yet."""
        if truth["type"] == "remainder":
            found = self._by_transaction.get(truth["transactionId"], [])
        elif truth["lineDate"]:
            found = [one for line in self.lines_of(truth) for one in self._by_line.get(line, [])]
        else:
            found = self._by_item.get(truth["modificationId"], [])
        fits = (one for one in found if one.type == truth["type"] and one.pk not in asked)
        return next(fits, None)

    def meets(self, truth: Entry) -> bool:
        """Whether the line met our side as if nothing were wrong. A repeated line counts once and need not meet."""
        if truth["kind"] == "repeated_line":
            return True
        return any(line in self._matched for line in self.lines_of(truth))


def _false_matches(rows: _Rows, ledger: Entry, truths: Iterable[Entry]) -> Iterator[str]:
    """A match is right when the ledger's own id leads from the line to the item, or the truth says so."""
    named, alone = _ids(ledger)
    told = {
        (line, truth["modificationId"])
        for truth in truths
        if truth["kind"] == "reference_left_out"
        for line in rows.lines_of(truth)
    }
    met = Counter[str]()
    keys = {pk: key for key, pk in rows._accounts.items()}
    for match in rows.matches:
        line, item = rows.lines[match.line_id], rows.item(match)
        merchant = keys[line.account_id]
        if line.gateway_id:
            right = named.get((merchant, line.gateway_id)) == item
        else:
            right = alone.get((merchant, line.reference)) == item or (line.pk, item) in told
        if not right:
            yield f"line {line.file.name}:{line.number} ({line.type} {line.gross} {line.currency}) met {item}"
        if match.rule != "legs":
            met[item] += 1
    yield from (f"{item} met {times} lines" for item, times in met.items() if times > 1)


def _ids(ledger: Entry) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """Executions by gateway id, and those without one by their reference; of each merchant key."""
    named, alone = dict[tuple[str, str], str](), dict[tuple[str, str], str]()
    for one in ledger["executions"]:
        merchant, item = one["merchantKey"], one["modificationId"]
        id_ = one.get(PART_NAMES.get(one["type"], "")) or ""
        if one["gateway"] == "smarterpay":
            id_ = one["reconciliationReferenceId"]
        if one["type"] not in PART_NAMES:
            alone[(merchant, one["reconciliationReferenceId"])] = item
        elif id_:
            named[(merchant, id_)] = item
    return named, alone


def _content(line: SettlementLine) -> tuple[Any, ...]:
    day = line.file.business_date.isoformat() if line.file.business_date else ""
    return (
        *(line.account_id, day, line.type, line.reference, line.gateway_id),
        *(line.transaction_reference, line.currency, line.gross),
    )


def _grouped(pairs: Iterable[tuple[Any, Discrepancy]]) -> dict[Any, list[Discrepancy]]:
    groups = defaultdict[Any, list[Any]](list)
    for key, one in pairs:
        groups[key].append(one)
    return groups


def _said(truth: Entry) -> str:
    return (
        f"{truth['kind']}: {truth['type'] or 'meets'} of {truth['merchantKey']}, {truth['amount']} {truth['currency']},"
        f" transaction {truth['transactionId']}, line of {truth['lineDate'] or 'no day'}"
    )


def _shown(one: Discrepancy) -> str:
    return f"{one.type} ({one.cause}) of {one.account}, {one.difference} {one.currency}: {one.sentence}"
