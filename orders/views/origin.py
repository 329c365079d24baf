"""Money is moved from our own pages only: a second lock behind the CSRF token, told by the browser itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from orders.views.scope import StaffRequest

Rest = ParamSpec("Rest")
View = Callable[Concatenate[StaffRequest, Rest], HttpResponse]

OURS = frozenset({"same-origin", "none"})
"""What a browser sends for our own pages, and for an address typed by hand."""


def post_from_our_pages(view: View[Rest]) -> View[Rest]:
    """Only POST, and only when the browser does not say that another site sent it. Old browsers say nothing."""

    @wraps(view)
    def guarded(request: StaffRequest, /, *arguments: Rest.args, **keywords: Rest.kwargs) -> HttpResponse:
        if request.headers.get("Sec-Fetch-Site", "none") not in OURS:
            raise PermissionDenied("This request came from another site. Nothing was done and no money moved.")
        return view(request, *arguments, **keywords)

    return require_POST(guarded)
