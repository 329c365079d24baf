"""The auditor's own queries, asked over a test's connection: they see what its open transaction has written."""

from __future__ import annotations

from django.db import connection

from tests.proofs.auditor import QUERIES
from tests.proofs.records import Row, plain


def books_now(*names: str) -> dict[str, list[Row]]:
    """Answer the named queries."""
    books = {}
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(QUERIES[name])
            columns = [column[0] for column in cursor.description]
            books[name] = [plain(dict(zip(columns, values, strict=True))) for values in cursor.fetchall()]
    return books
