"""Settlement files arrive from a browser: all at once as a plain form sends them, or piece by piece with a bar."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.urls import reverse

from orders.models import FileState, GatewayAccount, SettlementFile, SettlementProfile, Source
from orders.modifications.refusals import Refused
from orders.presenters.timeline import id_from
from orders.reconciliation.files.receiving import Received, append_part, begin_upload, finish_upload, receive
from orders.reconciliation.files.recognising import Opened, recognised
from orders.reconciliation.files.storing import PART_BYTES
from orders.reconciliation.files.unpacking import ZIP
from orders.reconciliation.files.uploads import UploadGone, UploadUnderWay, give_up_upload
from orders.settlement_forms import FileForm, UploadForm
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.reconciliation.scope import require_at
from orders.views.reconciliation.uploads import FILES_MAXIMUM, form_of, page
from orders.views.scope import StaffRequest, account_for, require

INVALID = 422
_NO_FILE = "Choose at least one file; nothing was received."
_TOO_MANY = f"At most {FILES_MAXIMUM} files at once; nothing was received."
_ONE_CORRECTION = "One file corrects another. Choose a single file; nothing was received."
_NO_HEAD = "Nobody can tell yet whose file this is; nothing was received. Choose its account."
_LONG_WORKBOOK = (
    "A workbook tells whose it is only as a whole, and this one is too large for that; nothing was received. Choose "
    "its account."
)
_BAD_PIECE = "This piece is none of ours; nothing was taken. Reload the page and upload the file again."


@post_from_our_pages
def arrival_create(request: StaffRequest) -> HttpResponse:
    """Every file of the form; each is taken or refused by itself, and says so."""
    require(request.user, "reconcile")
    form = form_of(request, FileForm, request.POST)
    files = request.FILES.getlist("files")
    problem = _problem_with(files)
    if form.is_valid() and form.cleaned_data["replaces"] and len(files) > 1:
        problem = problem or _ONE_CORRECTION
    if not form.is_valid() or problem:
        return page(request, form, problem=problem, status=INVALID)
    arrived = []
    for file in files:
        try:
            arrived.append(_receive(request, form, file))
        except UploadUnderWay as other:  # only a single file names one to correct
            return page(request, form, under_way=other, status=INVALID)
        except Refused as refusal:
            messages.warning(request, f"{file.name}: {refusal.sentence}")
    for received in arrived:
        messages.success(request, received.sentence)
    if len(files) == 1 and not arrived:
        return go_to(request, reverse("orders:settlement_file_new"))
    return go_to(request, _page_of(arrived[0].file) if len(files) == 1 else reverse("orders:settlement_file_list"))


@post_from_our_pages
def upload_create(request: StaffRequest) -> HttpResponse:
    """A file is about to come in pieces: where they go, and how large each may be."""
    require(request.user, "reconcile")
    form = form_of(request, UploadForm, request.POST)
    if not form.is_valid():
        return _refused(form.first_error())
    try:
        account, facts = _facts_of(request, form, lambda: _head_of(request, form.cleaned_data["size"]))
        file = begin_upload(account, name=form.cleaned_data["name"], expected_size=form.cleaned_data["size"], **facts)
    except UploadUnderWay as other:
        return _refused(other.sentence, url=_page_of(other.file))
    except Refused as refusal:
        return _refused(refusal.sentence)
    return JsonResponse(
        {
            "part_size": PART_BYTES,
            "parts": reverse("orders:settlement_upload_part_create", args=[file.pk]),
            "end": reverse("orders:settlement_upload_end", args=[file.pk]),
        }
    )


@post_from_our_pages
def upload_part_create(request: StaffRequest, file_id: int) -> HttpResponse:
    """The bytes that begin at `?offset=`; the answer says how many have arrived, and there to go on."""
    file = _upload_for(request, file_id)
    if file is None:
        return _gone()
    text = request.GET.get("offset", "")
    offset = 0 if text == "0" else id_from(text)
    if offset is None or file.state != FileState.RECEIVING:
        return _refused(_BAD_PIECE)
    try:
        size = append_part(file, offset=offset, content=_body_of(request))
    except UploadGone:
        return _gone()
    except Refused as refusal:
        return _refused(refusal.sentence)
    return JsonResponse({"size": size})


@post_from_our_pages
def upload_end(request: StaffRequest, file_id: int) -> HttpResponse:
    """All pieces are here: the file waits for its turn, or is known already."""
    file = _upload_for(request, file_id)
    if file is None:
        return _gone()
    try:
        received = finish_upload(file)
    except UploadGone:
        return _gone()
    except Refused as refusal:
        return _refused(refusal.sentence)
    live = reverse("orders:settlement_file_live", args=[received.file.pk]) + "?row=1"
    facts = {"sentence": received.sentence, "new": received.new, "live": live}
    return JsonResponse({"url": _page_of(received.file), **facts})


@post_from_our_pages
def upload_abandonment_create(request: StaffRequest, file_id: int) -> HttpResponse:
    """Give an upload up; then there is room for another correction of the same file."""
    require(request.user, "view")
    address = reverse("orders:settlement_file", args=[file_id])
    with refusal_as_message(request):
        given_up = give_up_upload(file_id, by=request.user, source=Source.PAGE)
        messages.success(request, f"The upload of {given_up.name} was given up; nothing of it counted.")
        address = reverse("orders:settlement_file_new")
        address += f"?replaces={given_up.replaces_id}" if given_up.replaces_id else ""
    return go_to(request, address)


def _problem_with(files: list[UploadedFile[Any]]) -> str:
    if not files:
        return _NO_FILE
    return _TOO_MANY if len(files) > FILES_MAXIMUM else ""


def _receive(request: StaffRequest, form: FileForm, file: UploadedFile[Any]) -> Received:
    account, facts = _facts_of(request, form, lambda: file.chunks(PART_BYTES))
    return receive(account, name=file.name or "", chunks=file.chunks(PART_BYTES), **facts)


def _facts_of(request: StaffRequest, form: FileForm, opened: Opened) -> tuple[GatewayAccount, dict[str, Any]]:
    """The account, and what is known beside the bytes. The form has checked that the choices are this person's.

    Where the file itself is to say whose it is, what is named beside it says it before. Raises Refused.
    """
    given = form.cleaned_data
    profile = SettlementProfile.objects.filter(pk=given["profile"]).first() if given["profile"] else None
    replaces = SettlementFile.objects.filter(pk=given["replaces"]).first() if given["replaces"] else None
    account_id = given["account"]
    if account_id is None and replaces is not None:
        account_id = replaces.account_id
    elif account_id is None:
        profile = profile or recognised(opened, accounts=form.account_ids)
        account_id = profile.account_id
    account = account_for(request.user, account_id)
    require_at(request.user, "reconcile", account.merchant_id)
    return account, {
        "business_date": given["business_date"],
        "profile": profile,
        "replaces": replaces,
        "by": request.user,
        "source": Source.PAGE,
    }


def _head_of(request: StaffRequest, size: int) -> list[bytes]:
    """The beginning of a file that goes up in pieces, sent along so that its lines can say whose it is."""
    sent = request.FILES.get("head")
    if sent is None:
        raise Refused(_NO_HEAD, code="account")
    sent.seek(0)
    head = sent.read(PART_BYTES)
    if head.startswith(ZIP) and len(head) < size:
        raise Refused(_LONG_WORKBOOK, code="account")
    return [head]


def _body_of(request: StaffRequest) -> bytes:
    """The piece, and one byte more where it is too long; never more than that in memory."""
    pieces, wanted = [], PART_BYTES + 1
    while wanted and (piece := request.read(wanted)):
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)


def _upload_for(request: StaffRequest, file_id: int) -> SettlementFile | None:
    """A file that this person brings; nobody goes on with what somebody else began, or gave up."""
    rows = SettlementFile.objects.of(request.user).select_related("account")
    file = rows.filter(pk=file_id, received_by=request.user).first()
    if file is not None:
        require_at(request.user, "reconcile", file.merchant_id)
    return file


def _gone() -> JsonResponse:
    return JsonResponse({"sentence": UploadGone().sentence}, status=404)


def _refused(sentence: str, **facts: str) -> JsonResponse:
    return JsonResponse({"sentence": sentence, **facts}, status=INVALID)


def _page_of(file: SettlementFile) -> str:
    return reverse("orders:settlement_file", args=[file.pk])
