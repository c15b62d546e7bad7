"""`/_local/`: health, reset, scripted faults and the log of calls. For people and tests, no part of AWS's API."""

import json
from typing import Any

from aiohttp import web

from xray_local.api import faults
from xray_local.api.faults import SCRIPT_KEY
from xray_local.errors import ApiError
from xray_local.state.region import SERVICE_KEY


def add_routes(app: web.Application) -> None:
    """Add the addresses under `/_local/`."""
    app.add_routes(
        [
            web.get("/_local/health", _health),
            web.post("/_local/reset", _reset),
            web.get("/_local/faults", _faults),
            web.put("/_local/faults", _set_faults),
            web.delete("/_local/faults", _delete_faults),
            web.get("/_local/requests", _requests),
            web.delete("/_local/requests", _delete_requests),
        ]
    )


async def _health(request: web.Request) -> web.Response:
    return web.json_response(request.app[SERVICE_KEY].health())


async def _reset(request: web.Request) -> web.Response:
    request.app[SERVICE_KEY].reset()
    request.app[SCRIPT_KEY].clear()
    return web.json_response({})


async def _faults(request: web.Request) -> web.Response:
    return web.json_response(faults.as_json(request.app[SCRIPT_KEY].faults))


async def _set_faults(request: web.Request) -> web.Response:
    try:
        given: Any = json.loads(await request.read())
        request.app[SCRIPT_KEY].faults = faults.parse(given)
    except (ValueError, RecursionError) as error:
        raise ApiError("InvalidScript", str(error)) from error
    return await _faults(request)


async def _delete_faults(request: web.Request) -> web.Response:
    request.app[SCRIPT_KEY].faults.clear()
    return web.json_response([])


async def _requests(request: web.Request) -> web.Response:
    return web.json_response(list(request.app[SCRIPT_KEY].calls))


async def _delete_requests(request: web.Request) -> web.Response:
    request.app[SCRIPT_KEY].calls.clear()
    return web.json_response([])
