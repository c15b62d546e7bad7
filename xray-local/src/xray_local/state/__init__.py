"""What one X-Ray region keeps: traces and resources in SQLite, sampling reservoirs and counters in memory."""
