"""The groups: saved filters with the number of traces that match each."""
