"""One row: all that was recorded of it, and its exceptions. Pure."""
