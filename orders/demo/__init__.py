"""Demo data: two merchants, their people, and orders in every state, the same for the same seed."""
