"""Translates the parts of an OpenTelemetry span into those of an X-Ray document, each in a module of its own. Pure.

The rules are those of the collector's awsxray exporter and of the attributes that it defines (`aws.xray.annotations`,
`aws.xray.metadata.*`). Where the X-Ray SDK names or writes the same thing otherwise, they follow the SDK, so that a
trace reads the same whether it came as segments or as spans.
"""
