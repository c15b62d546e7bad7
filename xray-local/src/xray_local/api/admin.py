"""The addresses under `/_local/`: health, reset, traces as sent, short ids, faults, requests. Not part of AWS's API."""

import json
from typing import Any

from aiohttp import web

from xray_local.api import faults
from xray_local.api.operations.traces import stored_traces
from xray_local.api.routes import FAULTS_KEY
from xray_local.errors import ApiError
from xray_local.listener import REGION_KEY, read_body

IDS_MAX = 5  # trace ids with the same ending in one response


def add_routes(app: web.Application) -> None:
    """Add the addresses under `/_local/`."""
    app.add_routes(
        [
            web.get("/_local/health", _health),
            web.post("/_local/reset", _reset),
            web.post("/_local/clear", _clear),
            web.post("/_local/traces", _traces),
            web.get("/_local/traces/{digits}", _trace_ids),
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


async def _clear(request: web.Request) -> web.Response:
    request.app[REGION_KEY].clear_traces()
    return web.json_response({})


async def _traces(request: web.Request) -> web.Response:
    try:
        trace_ids = json.loads(await read_body(request))["TraceIds"]
    except (ValueError, RecursionError, KeyError, TypeError):
        trace_ids = None
    if not isinstance(trace_ids, list) or not all(isinstance(trace_id, str) for trace_id in trace_ids):
        raise ApiError("InvalidRequest", 'expected {"TraceIds": [...]}, as in BatchGetTraces')
    return web.json_response(stored_traces(request.app[REGION_KEY], {"TraceIds": trace_ids}))


async def _trace_ids(request: web.Request) -> web.Response:
    """Return the newest trace ids that end in the digits, so that a client can use short ids."""
    found = request.app[REGION_KEY].store.ids_ending(request.match_info["digits"].lower(), limit=IDS_MAX)
    return web.json_response({"TraceIds": found})


async def _faults(request: web.Request) -> web.Response:
    return web.json_response(faults.as_json(request.app[FAULTS_KEY].faults))


async def _set_faults(request: web.Request) -> web.Response:
    try:
        script: Any = json.loads(await read_body(request))
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
