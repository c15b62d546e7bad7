"""The HTTP routes, a blueprint each; what they answer is in `cruddur.services`."""
