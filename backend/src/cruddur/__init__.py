"""The Cruddur backend: a small traced Flask service."""
