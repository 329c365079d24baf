"""The payment gateways, pretended: a process of its own with its own ledger; it imports nothing of the dashboard."""
