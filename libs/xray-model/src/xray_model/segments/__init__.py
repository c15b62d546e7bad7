"""Segment documents as X-Ray takes them: what every sender that makes them of spans writes in the same way. Pure.

Sources: "X-Ray segment documents" in the developer guide, and the collector's awsxray exporter.
"""
