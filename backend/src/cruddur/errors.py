"""Errors as JSON: `{"error": "not_found", "message": "..."}` with the status of the exception.

Called by `create_app`. It handles HTTP errors only: any other exception stays one that Flask turns into a 500 after the
tracing has seen it; a handler for `Exception` would hide it from both recorders.
"""

import json

from flask import Flask
from werkzeug.exceptions import HTTPException, UnprocessableEntity
from werkzeug.wrappers.response import Response

REDIRECTS_END = 400


class BlankHandle(UnprocessableEntity):
    """The path names no user: the handle is empty or only spaces."""

    error = "blank_user_handle"
    description = "The user's handle is blank; expected /api/activities/@<handle>."


def register(app: Flask) -> None:
    """Make every HTTP error of the app a JSON document."""
    app.register_error_handler(HTTPException, _as_json)


def _as_json(error: HTTPException) -> Response:
    # Flask's own types say that sansio.Response may come back; it does only without an environ.
    response = error.get_response()
    assert isinstance(response, Response)
    if response.status_code < REDIRECTS_END:
        return response
    code = getattr(error, "error", error.name.lower().replace(" ", "_"))
    response.data = json.dumps({"error": code, "message": error.description})
    response.content_type = "application/json"
    return response
