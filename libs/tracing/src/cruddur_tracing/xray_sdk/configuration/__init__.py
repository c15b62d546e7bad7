"""What an app configures with X-Ray's API, and its effect."""
