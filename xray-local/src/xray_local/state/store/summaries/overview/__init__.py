"""Numbers of many traces at once: how many match and failed, percentiles of what they took, by what they share."""
