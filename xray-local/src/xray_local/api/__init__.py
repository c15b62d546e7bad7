"""The X-Ray API: routes, request checks and operations in the shapes of botocore's service model.

The listener's request guard and the addresses under `/_local/` (health, reset, scripted faults) are here as well.
"""
