"""The back office: accounts and people are edited, the books are only read, and its buttons call the pages' verbs."""

from orders.admin import accounts, books, history, people, reconciliation

__all__ = ["accounts", "books", "history", "people", "reconciliation"]
