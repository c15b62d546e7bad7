"""One trace: why it failed, where its time went, its rows, one row, the same as text, and beside another trace."""
