"""The tracing of one process: who decides, which wires there are, and the Flask apps that are traced."""
