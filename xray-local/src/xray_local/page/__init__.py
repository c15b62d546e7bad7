"""The page: traces, one trace as a waterfall, sampling rules and groups, as HTML and at the same address as JSON.

It reads through the API's operations and writes nothing. Python computes the values, templates only print them.
"""
