"""One trace: its rows, their details, and why it failed."""
