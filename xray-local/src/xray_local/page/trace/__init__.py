"""One trace: a sentence about it, why it failed, where its time went, its rows, one row, and the same as text. Pure."""
