"""What every list shares: a misspelt filter must not silently show everything."""

from __future__ import annotations

from django.http import HttpRequest
from pydantic import BaseModel

from orders.api.problems import Problem


def refuse_other_names(request: HttpRequest, query: type[BaseModel]) -> None:
    """Raises a 422 Problem for a word in the address that is not one of the query's."""
    known = query.model_fields
    other = sorted(set(request.GET) - set(known))
    if other:
        raise Problem(
            422,
            "unknown_filter",
            f"There is no filter “{other[0][:40]}”; there are {', '.join(known)}. Nothing was read.",
        )
