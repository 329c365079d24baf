"""One promise that the database keeps, and how each vendor is told of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trigger:
    """Refuse `event` (INSERT, UPDATE or DELETE) on `table` when `condition` holds for OLD and NEW, one of `columns`
    differs, and `found`, a subquery over other tables, finds a row. What is left out holds always."""

    name: str
    table: str
    event: str
    message: str
    condition: str = ""
    columns: tuple[str, ...] = ()
    found: str = ""

    def create(self, vendor: str) -> list[str]:
        """The statements that create it."""
        if vendor == "postgresql":
            return [self._function(), self._trigger(f"EXECUTE FUNCTION {self.name}()", self._when(vendor))]
        found = f" AND EXISTS ({self.found})" if self.found else ""
        refuse = f"BEGIN SELECT RAISE(ABORT, '{self.message}'); END"
        return [self._trigger(refuse, self._when(vendor) + found)]

    def _when(self, vendor: str) -> str:
        """What can be told from the row alone; PostgreSQL asks it before it calls the function."""
        differs = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
        changed = " OR ".join(f'OLD."{column}" {differs} NEW."{column}"' for column in self.columns)
        parts = [f"({part})" for part in (self.condition, changed) if part]
        return " AND ".join(parts) or ("true" if vendor == "postgresql" else "1")

    def _function(self) -> str:
        refuse = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'integrity_constraint_violation';"
        row = "OLD" if self.event == "DELETE" else "NEW"
        body = f"IF EXISTS ({self.found}) THEN {refuse} END IF; RETURN {row};" if self.found else refuse
        return f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"

    def _trigger(self, action: str, when: str) -> str:
        return f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} FOR EACH ROW WHEN ({when}) {action}"

    def drop(self, vendor: str) -> str:
        """The statement that drops it when it is there."""
        on_table = f" ON {self.table}" if vendor == "postgresql" else ""
        return f"DROP TRIGGER IF EXISTS {self.name}{on_table}"


def no_delete(table: str) -> Trigger:
    return Trigger(f"{table}_stays", table, "DELETE", f"{table}: rows are never deleted")


def no_update(table: str) -> Trigger:
    return Trigger(f"{table}_is_written_once", table, "UPDATE", f"{table}: rows are never changed")
