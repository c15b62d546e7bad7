"""The reconcile loop: a queue of keys, workers, and one pass for each object.

A pass goes one way: read, decide (pure), verify once, claim, write to AWS, report. A contradiction from AWS
repeats this once.
"""
