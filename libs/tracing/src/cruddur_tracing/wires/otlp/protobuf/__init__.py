"""OTLP's messages as protobuf, written directly: attributes with every kind of value, and spans."""
