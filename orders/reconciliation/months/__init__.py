"""Closing a month: a checklist, two signatures, a locked door and a signed report."""
