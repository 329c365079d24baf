"""Discrepancies out as a sheet: exactly what the filters of the list find, for whoever may export, and written down."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.views.decorators.http import require_GET

from orders.audit import record
from orders.models import Discrepancy, Merchant, Source
from orders.reconciliation.discrepancies.sheets import WORKBOOK_ROWS, csv_lines, workbook
from orders.views.fragments import go_to
from orders.views.reconciliation.discrepancies import filter_of, found_by, list_address, today_of
from orders.views.scope import StaffRequest, require

_AT_ONCE = 1_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
def discrepancy_export(request: StaffRequest) -> HttpResponseBase:
    """`?form=csv` streams any number of rows; `?form=xlsx` is a workbook of at most WORKBOOK_ROWS."""
    require(request.user, "export")
    require(request.user, "view")
    filters = filter_of(request, request.GET)
    rows = found_by(request, filters).order_by("pk").select_related("account", "owner", "transaction__order")
    name = f"discrepancies-{today_of(request):%Y-%m-%d}"
    if request.GET.get("form") != "xlsx":
        _note(request, "CSV", filters.in_words())
        answer = StreamingHttpResponse(_encoded(rows), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return answer
    if len(rows.order_by().values_list("pk", flat=True)[: WORKBOOK_ROWS + 1]) > WORKBOOK_ROWS:
        return _too_many(request)
    _note(request, "XLSX", filters.in_words())
    content = workbook(rows.iterator(chunk_size=_AT_ONCE))
    return FileResponse(content, as_attachment=True, filename=f"{name}.xlsx", content_type=_XLSX)


def _encoded(rows: QuerySet[Discrepancy]) -> Iterator[bytes]:
    for line in csv_lines(rows.iterator(chunk_size=_AT_ONCE)):
        yield line.encode()


def _too_many(request: StaffRequest) -> HttpResponse:
    messages.warning(
        request,
        f"More than {WORKBOOK_ROWS:,} discrepancies fit these filters, too many for one workbook; nothing was "
        "exported. Narrow the filters, or take the CSV, which holds any number.",
    )
    query: QueryDict = request.GET.copy()
    query.pop("form", None)
    return go_to(request, list_address(query.urlencode()))


def _note(request: StaffRequest, form: str, filters: list[str]) -> None:
    """Written before the first row leaves, at each merchant whose rows it may hold."""
    shown = ", ".join(filters) or "no filter"
    for merchant in Merchant.objects.of(request.user):
        record(
            verb="discrepancy.export",
            sentence=f"Exported discrepancies as {form}: {shown}.",
            source=Source.PAGE,
            by=request.user,
            merchant=merchant,
            details={"form": form, "filters": filters},
        )
