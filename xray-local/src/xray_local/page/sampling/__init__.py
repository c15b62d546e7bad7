"""The sampling rules: which one decides for a request, and what the clients reported."""
