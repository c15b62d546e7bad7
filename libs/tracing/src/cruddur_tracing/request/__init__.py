"""A request of a Flask app: its trace context, its server span, and the span's attributes."""
