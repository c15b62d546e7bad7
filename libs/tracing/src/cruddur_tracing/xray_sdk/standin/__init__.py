"""A stand-in for aws_xray_sdk where it is not installed: an app's imports, calls and patches work unchanged.

It has what an app uses: the recorder, the models, exceptions and samplers, `patch` and the middleware for Flask. What
it has not cannot be imported, and the message says so.
"""
