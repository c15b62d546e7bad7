"""Taking over the installed aws_xray_sdk: its global recorder, its patches, and its middleware for Flask.

It happens when the SDK is imported, and at once if that has happened: an app that does not use it does not pay for it.
"""
