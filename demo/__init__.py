"""The demo: the whole path on one machine, checked while it is shown."""
