"""What the routes answer: activities, with the spans and subsegments that record how they were made."""
