"""Errors as JSON: `{"error": "not_found", "message": "..."}` with the status of the exception.

Only HTTP errors are handled. Flask turns any other exception into a 500 after the tracing has recorded it; a handler
for `Exception` would hide it from the trace.
"""

import json

from flask import Flask
from werkzeug.exceptions import HTTPException, UnprocessableEntity
from werkzeug.wrappers.response import Response

REDIRECTS_END = 400


class BlankHandle(UnprocessableEntity):
    """The user's handle in the path is empty or only spaces."""

    error = "blank_user_handle"
    description = "The user's handle is blank; expected /api/activities/@<handle>."


def register(app: Flask) -> None:
    """Return every HTTP error of the app as a JSON document."""
    app.register_error_handler(HTTPException, _as_json)


def _as_json(error: HTTPException) -> Response:
    # werkzeug's types allow sansio.Response, but it is returned only without an environ.
    response = error.get_response()
    assert isinstance(response, Response)
    if response.status_code < REDIRECTS_END:
        return response
    code = getattr(error, "error", error.name.lower().replace(" ", "_"))
    response.data = json.dumps({"error": code, "message": error.description})
    response.content_type = "application/json"
    return response
