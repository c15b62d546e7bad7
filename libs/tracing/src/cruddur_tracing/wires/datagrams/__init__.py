"""Sends X-Ray documents to the agent by UDP, and keeps in a ring what cannot be sent yet.

A document is sent at once, or under load in a burst with others. What the agent's host refuses, what comes while the
agent is unreachable or its name unknown, and what the socket has no room for waits in the ring, which is bounded by
bytes, and is sent later by a thread that runs only as long as something waits. What is dropped is counted.
"""
