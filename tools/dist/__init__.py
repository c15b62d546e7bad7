"""Builds the distributions, checks them, installs them into empty environments on each Python, and runs them.

`make dist` writes the wheels and sdists to dist/. Nothing is published.
"""
