"""Raw SQL against the real tables: what happens when some code forgets every rule of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.db.models import Model


def update(row: Model, **columns: Any) -> None:
    """One UPDATE of this row, past every model and queryset."""
    sets = ", ".join(f'"{name}" = %s' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {sets} WHERE {_key(row)} = %s", [*columns.values(), _pk(row)])
        assert cursor.rowcount == 1


def delete(row: Model) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {row._meta.db_table} WHERE {_key(row)} = %s", [_pk(row)])


def copy(row: Model, **columns: Any) -> None:
    """INSERT a second row like this one, with other values in these columns."""
    names = [field.column for field in row._meta.concrete_fields if not field.primary_key or field.column in columns]
    wanted = [name for name in names if name not in columns]
    chosen = ", ".join(f'"{name}"' for name in [*columns, *wanted])
    values = ", ".join(["%s"] * len(columns) + [f'"{name}"' for name in wanted])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {row._meta.db_table} ({chosen}) SELECT {values} FROM {row._meta.db_table} "
            f"WHERE {_key(row)} = %s",
            [*columns.values(), _pk(row)],
        )


def refuses(name: str, row: Model, columns: Mapping[str, Any]) -> None:
    """The database refuses this UPDATE, and it is this promise that refuses."""
    with pytest.raises(Error, match=name), transaction.atomic():
        update(row, **columns)


def _key(row: Model) -> str:
    return f'"{row._meta.pk.column}"'


def _pk(row: Model) -> Any:
    return row._meta.pk.get_db_prep_value(row.pk, connection)
