"""Settlement files: read, stored and loaded, or refused with a sentence."""
