"""Their lines and our movements become matches, set by set, each with the plan that explains it."""
