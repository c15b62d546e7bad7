"""The addresses under `/_local/`: health, reset, scripted faults and the log of requests. Not part of AWS's API."""

import json
from typing import Any

from aiohttp import web

from xray_local.api import faults
from xray_local.api.routes import FAULTS_KEY
from xray_local.errors import ApiError
from xray_local.listener import REGION_KEY


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
    return web.json_response(request.app[REGION_KEY].health())


async def _reset(request: web.Request) -> web.Response:
    request.app[REGION_KEY].reset()
    request.app[FAULTS_KEY].clear()
    return web.json_response({})


async def _faults(request: web.Request) -> web.Response:
    return web.json_response(faults.as_json(request.app[FAULTS_KEY].faults))


async def _set_faults(request: web.Request) -> web.Response:
    try:
        script: Any = json.loads(await request.read())
        request.app[FAULTS_KEY].faults = faults.parse(script)
    except (ValueError, RecursionError) as error:
        raise ApiError("InvalidScript", str(error)) from error
    return await _faults(request)


async def _delete_faults(request: web.Request) -> web.Response:
    request.app[FAULTS_KEY].faults.clear()
    return web.json_response([])


async def _requests(request: web.Request) -> web.Response:
    return web.json_response([logged.as_json() for logged in request.app[REGION_KEY].requests])


async def _delete_requests(request: web.Request) -> web.Response:
    request.app[REGION_KEY].requests.clear()
    return web.json_response([])
