"""The address of the agent, and connections that need no import, use no proxy and end at a deadline."""
