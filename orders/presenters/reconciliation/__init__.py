"""From files, runs, discrepancies, nights and months to what their pages show."""
