"""The OpenAPI document: what the rooms declare, with the problems and the scopes that all of them share."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import Field

from orders.api.entrance import Bearer
from orders.api.interface import build
from orders.api.order_words import OrderGiven
from orders.api.problems import MEDIA_TYPE
from orders.api.words import FieldError, Told

PREFIX = "/api/v1/"
_REF = "#/components/schemas/{model}"
_ALWAYS = (401, 403, 404, 422, 429, 500, 503)
_WITH_A_BODY = (400, 413, 415)
_MAY_CONFLICT = (409,)


class ProblemTold(Told):
    """RFC 9457. What a problem carries besides depends on its `code`."""

    type: str
    title: str
    status: int
    detail: str = Field(description="A sentence for people: what happened, and what it means for the money.")
    code: str = Field(description="For programs: the rule that refused.")
    instance: str
    request_id: str = Field(description="Tell it when you ask for help.")
    errors: list[FieldError] = Field(default_factory=list)
    changes: list[str] = Field(default_factory=list, description="What happened since `expected_version`.")
    twins: list[str] = Field(default_factory=list, description="Ids of the modifications that this one may repeat.")
    unlock: str = Field(default="", description="What would open it.")


def document_response(request: HttpRequest) -> HttpResponse:
    """For whoever is logged in or holds a token. Raises a Problem for everybody else."""
    if not request.user.is_authenticated:
        Bearer()(request)
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"})
    return JsonResponse(document())


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, the same for every merchant."""
    found: dict[str, Any] = build().get_openapi_schema(path_prefix=PREFIX)
    schemas = found["components"]["schemas"]
    for model in (ProblemTold, OrderGiven):
        own = model.model_json_schema(ref_template=_REF)
        schemas.update(own.pop("$defs", {}))
        schemas[model.__name__] = own
    schemas["BatchGiven"]["properties"]["orders"]["items"] = {"$ref": _REF.format(model="OrderGiven")}
    for methods in found["paths"].values():
        for operation in methods.values():
            _complete(operation)
    return found


def _complete(operation: dict[str, Any]) -> None:
    operation["security"] = operation["security"][-1:]
    own = operation["responses"]
    statuses = [*_ALWAYS, *(_WITH_A_BODY + _MAY_CONFLICT if "requestBody" in operation else ())]
    for status in sorted(statuses):
        own[status] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemTold")}}},
        }
    for status in (401, 403):
        own[status]["headers"] = {"WWW-Authenticate": _a_text("What is missing.")}
    for status in (429, 503):
        own[status]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    if "Idempotency-Key" in {one["name"] for one in operation["parameters"]}:
        for status in (200, 201):
            own[status]["headers"] = {"Location": _a_text("Where the modification is followed.")}


def _a_text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
