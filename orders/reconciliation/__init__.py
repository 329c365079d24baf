"""The night: settlement files come in, meet our books line by line, and what does not meet is explained and ended."""
