"""What must be true of the books at every instant, asked of the database in whole sets (money safety 4.1)."""
