"""A request of a Flask app: the context that it brings, its server span, and what the span says of it."""
