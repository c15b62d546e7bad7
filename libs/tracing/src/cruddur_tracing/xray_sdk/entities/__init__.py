"""Segments and subsegments as X-Ray's API returns them: views of spans, and dummies where nothing is recorded."""
