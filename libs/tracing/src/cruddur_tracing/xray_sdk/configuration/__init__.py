"""What an app configures with X-Ray's API, and what becomes of it."""
