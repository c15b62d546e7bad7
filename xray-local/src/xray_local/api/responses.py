"""HTTP responses of the API: errors as the rest-json protocol has them."""

from aiohttp import web

from xray_local.errors import ApiError


def error_response(error: ApiError) -> web.Response:
    """Return an error as a response; clients read the code from the header or from `__type`."""
    body = {"__type": error.code, "message": error.message, "Message": error.message}
    return web.json_response(body, status=error.status, headers={"x-amzn-ErrorType": error.code})
