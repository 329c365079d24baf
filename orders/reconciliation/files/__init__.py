"""From a file of whatever shape to normalised lines that count as a whole or not at all."""
