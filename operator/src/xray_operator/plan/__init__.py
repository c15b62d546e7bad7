"""The plan: actions as values, computed by a pure planner from manifests and AWS's state, and their application."""
