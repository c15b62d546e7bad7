"""Summaries of traces as columns beside them, so that lists, counts, filters and graphs are queries of SQLite."""
