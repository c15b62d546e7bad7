"""AWS X-Ray on one machine: its API, the daemon's ports, OTLP and a page."""
