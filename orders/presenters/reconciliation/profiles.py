"""Mapping profiles as their pages show them: which there are, and what a file's first lines become."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import User

from orders.models import FileState, GatewayAccount, Merchant, ProfileState, SettlementFile, SettlementProfile
from orders.permissions import permissions_of
from orders.presenters.paging import cut
from orders.presenters.reconciliation.words import line_word
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.preview import Preview, PreviewLine, preview
from orders.reconciliation.files.profile import EXAMPLES
from orders.reconciliation.files.reading import BadLine
from orders.reconciliation.files.storing import content_of
from orders.templatetags.presentation import money_text

ROWS_PER_PAGE = 50
LINES_PREVIEWED = 12
TONES = {ProfileState.DRAFT: "careful", ProfileState.ACTIVE: "good", ProfileState.RETIRED: "quiet"}
_CHOICES_MAXIMUM = 200


@dataclass(frozen=True, kw_only=True)
class ProfileRow:
    """One version in the list."""

    profile: SettlementProfile
    tone: str
    word: str


@dataclass(frozen=True, kw_only=True)
class ProfilePage:
    """One page of the list, the accounts with their terms, and whether the person may make a profile."""

    rows: tuple[ProfileRow, ...]
    accounts: tuple[GatewayAccount, ...]
    may_add: bool
    after: str
    first: bool


@dataclass(frozen=True, kw_only=True)
class LineShown:
    """A line as it stands and as it is understood: a sentence, and a second one with the references."""

    number: int
    raw: str
    tone: str
    sentence: str
    references: str


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The first lines of a file under a mapping; `name` says whose lines they are."""

    name: str
    refusal: str
    dialect: str
    header: tuple[str, ...]
    lines: tuple[LineShown, ...]


def page_of(person: User, *, after: int | None) -> ProfilePage:
    """Newest first."""
    accounts = tuple(accounts_of(person))
    found = SettlementProfile.objects.filter(account__in=accounts).select_related("account__merchant", "made_by")
    if after is not None:
        found = found.filter(pk__lt=after)
    shown = cut(found.order_by("-pk"), ROWS_PER_PAGE)
    return ProfilePage(
        rows=tuple(row_of(profile) for profile in shown.rows),
        accounts=accounts,
        may_add=any("reconcile" in permissions_of(person, account.merchant_id) for account in accounts),
        after=shown.after,
        first=after is None,
    )


def row_of(profile: SettlementProfile) -> ProfileRow:
    state = ProfileState(profile.state)
    return ProfileRow(profile=profile, tone=TONES[state], word=str(state.label))


def accounts_of(person: User) -> list[GatewayAccount]:
    """Every account whose profiles the person may see."""
    rows = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(person)).select_related("merchant")
    return list(rows.order_by("name", "pk"))


def starts_of(person: User) -> list[tuple[str, str]]:
    """What a new profile may start from: the examples, and copies of what is there."""
    found = SettlementProfile.objects.filter(account__in=accounts_of(person)).order_by("-pk")[:_CHOICES_MAXIMUM]
    examples = [(f"example-{name}", f"{example.title}: {example.what}") for name, example in EXAMPLES.items()]
    return examples + [(f"copy-{profile.pk}", f"Copy of {profile}") for profile in found]


def versions_of(profile: SettlementProfile) -> list[ProfileRow]:
    """Every version of the same name, newest first."""
    rows = SettlementProfile.objects.filter(account=profile.account_id, name=profile.name).select_related(
        "activated_by"
    )
    return [row_of(found) for found in rows.order_by("-version")[:ROWS_PER_PAGE]]


def sample_of(mapping: Mapping, name: str, content: Iterable[bytes], today: date) -> Sample:
    """The first lines of an uploaded sample, which is not kept."""
    return _shown(preview(content, mapping, rows=LINES_PREVIEWED, today=today), name)


def stored_sample(mapping: Mapping, account: GatewayAccount, today: date) -> Sample | None:
    """The first lines of the account's newest file; None when none came yet."""
    rows = SettlementFile.objects.filter(account=account).exclude(state__in=[FileState.TRIAL, FileState.RECEIVING])
    file = rows.order_by("-pk").first()
    if file is None:
        return None
    return _shown(preview(content_of(file.pk), mapping, rows=LINES_PREVIEWED, today=today), file.name)


def _shown(seen: Preview, name: str) -> Sample:
    lines = tuple(_line(line, refused=bool(seen.refusal)) for line in seen.lines)
    return Sample(name=name[:200], refusal=seen.refusal, dialect=seen.dialect, header=seen.header, lines=lines)


def _line(line: PreviewLine, *, refused: bool) -> LineShown:
    tone, sentence, references = _understood(line, refused=refused)
    return LineShown(
        number=line.number, raw=" | ".join(line.cells)[:500], tone=tone, sentence=sentence, references=references
    )


def _understood(line: PreviewLine, *, refused: bool) -> tuple[str, str, str]:
    row = line.result
    if isinstance(row, BadLine):
        return "bad", row.reason, ""
    if row is None:
        if line.closing:
            return "quiet", "The closing row; it is compared at the end of the file.", ""
        return ("bad", "Not understood yet.", "") if refused else ("quiet", "Left out, as the profile says.", "")
    fee = f", fee {money_text(row.fee, row.currency)}" if row.fee else ""
    day = f"{row.booked_on.day} {row.booked_on:%B %Y}"
    money = f"{money_text(row.gross, row.currency)}{fee}, net {money_text(row.net, row.currency)}"
    named = (row.reference, row.transaction_reference, row.gateway_id, row.custom_reference, row.payout_reference)
    return "good", f"{line_word(row.type)} {money}, {day}", " · ".join(name for name in named if name)
