"""The ways to the backends: X-Ray segment documents in datagrams to an agent, and spans by OTLP over HTTP."""
