"""The HTTP routes, as blueprints; `cruddur.services` has their data."""
