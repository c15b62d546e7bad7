"""The address of the agent, and connections that ask for no import, follow no proxy and end at a deadline."""
