"""A moving picture of a command in a terminal: recorded with its times, drawn as SVG with CSS animation."""
