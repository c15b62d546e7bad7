"""What of a trace its address shows, and the overview from which it is chosen. Pure."""
