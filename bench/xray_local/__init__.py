"""xray-local: the speed of its ingest, and datagrams that must not be lost."""
