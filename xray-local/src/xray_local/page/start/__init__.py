"""How to send traces, and what arrived so far or was refused."""
