"""Pages of the reconciliation: what came, what met, what did not, and what was closed."""
