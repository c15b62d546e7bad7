"""The public API of `aws_xray_sdk.core.xray_recorder`, written to the spans of the one recording.

A segment or subsegment is a view of a span: what X-Ray's API begins is a span that OpenTelemetry's API sees, and the
reverse. Nothing here imports aws_xray_sdk; `takeover` does where it is installed, and `standin` serves it where it is
not.
"""
