"""What did not meet: typed, explained by hypotheses, fixed by people, closed with a reason."""
