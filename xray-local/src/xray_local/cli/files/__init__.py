"""The files that `put` reads."""
