"""The recorder and the stack of what it has begun in a context."""
