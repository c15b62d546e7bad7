"""What the rows of a trace say together: calls and answers, own times, the critical path, where a failure began. Pure.

Rows are named by their place in the waterfall, and nothing here recurses: a trace may be as deep as it is long.
"""
