"""What the commands show in a terminal: the list of traces, and one trace. Pure: text in, text out."""
