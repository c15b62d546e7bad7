"""The routes' data: activities, and the spans and subsegments that record the work."""
