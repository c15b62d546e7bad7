"""The services page: the service graph as a map and a table, and one service with its routes and calls."""
