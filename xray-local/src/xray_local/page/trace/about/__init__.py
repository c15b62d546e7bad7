"""What is said about a trace: the rule that took it, and how it compares with other traces."""
