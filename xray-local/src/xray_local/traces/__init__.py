"""The model of a trace, pure: from untrusted documents to entries, and from entries to everything that is shown.

Documents are parsed and flattened once; summaries, root causes, the service graph and the waterfall read the entries.
"""
