"""What the operator reports about a resource: conditions, the status document, events on transitions."""
