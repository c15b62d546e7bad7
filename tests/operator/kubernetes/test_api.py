"""The client of the Kubernetes API: its requests and its handling of responses, with a small server."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.operator.in_memory_kubernetes import group, rule
from xray_operator.kubernetes.api import KubernetesApi
from xray_operator.kubernetes.connection import KubernetesError
from xray_operator.kubernetes.events import Event
from xray_operator.kubernetes.finalizers import remove_finalizer
from xray_operator.kubernetes.resource import Resource, from_body

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = "/apis/xray.cruddur.io/v1alpha1/namespaces/default/xraysamplingrules"
FINALIZER = "xray.cruddur.io/finalizer"


class ApiServer:
    """Returns `responses` in turn; `requests` has method, path, content type and body.

    A response is a status with a JSON value, or with a text.
    """

    def __init__(self) -> None:
        self.responses: list[tuple[int, Any]] = []
        self.requests: list[tuple[str, str, str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.tokens: list[str] = []

    async def respond(self, request: web.Request) -> web.Response:
        """Record the request and return the next response."""
        body = await request.json() if request.can_read_body else None
        self.requests.append((request.method, request.path, request.headers["Content-Type"], body))
        self.queries.append(dict(request.query))
        self.tokens.append(request.headers["Authorization"])
        status, content = self.responses.pop(0)
        if isinstance(content, str):
            return web.Response(status=status, text=content)
        return web.json_response(content, status=status)


@pytest.fixture
def server() -> ApiServer:
    """Return the API server's script."""
    return ApiServer()


@pytest.fixture
async def api(server: ApiServer) -> AsyncIterator[KubernetesApi]:
    """Return a client of the API server; its credentials have another token each time."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.respond)
    async with TestServer(app) as listening:
        tokens = iter(f"token-{number}" for number in range(1, 10))
        client = KubernetesApi(lambda: kopf.ConnectionInfo(server=f"{listening.make_url('/')}", token=next(tokens)))
        yield client
        await client.close()


def stored(manifest: dict[str, Any], version: str = "7", **metadata: Any) -> dict[str, Any]:
    """Return a manifest as the API server returns it."""
    known = {"namespace": "default", "uid": "uid-1", "resourceVersion": version, "generation": 1}
    return {**manifest, "metadata": {**manifest["metadata"], **known, **metadata}}


def resource(**metadata: Any) -> Resource:
    """Return a rule resource."""
    return from_body(stored(rule(), **metadata))


async def test_claim_patches_finalizer_and_annotation_with_the_version(server: ApiServer, api: KubernetesApi) -> None:
    """In one PATCH that keeps the finalizers of others; the response is the current object."""
    server.responses = [(200, stored(rule(), "8", finalizers=["other", FINALIZER]))]
    claimed = await api.claim(resource(finalizers=["other"]), '{"FixedRate":0.05}')
    annotations = {"xray.cruddur.io/before": '{"FixedRate":0.05}'}
    metadata = {"finalizers": ["other", FINALIZER], "annotations": annotations, "resourceVersion": "7"}
    merge = "application/merge-patch+json"
    assert server.requests == [("PATCH", f"{RULES}/backend", merge, {"metadata": metadata})]
    assert (claimed.version, claimed.claimed) == ("8", True)


async def test_process_that_does_not_lead_sends_only_reads(server: ApiServer) -> None:
    """Its writes are refused here, as if the API server did not answer."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.respond)
    async with TestServer(app) as listening:
        info = kopf.ConnectionInfo(server=f"{listening.make_url('/')}", token="token")
        client = KubernetesApi(lambda: info, may_write=lambda: False)
        server.responses = [(200, {"items": []})]
        assert not await client.exists(resource())
        with pytest.raises(KubernetesError, match="no longer leads") as raised:
            await client.write_status(resource(), {"name": "backend"})
        await client.close()
    assert (raised.value.is_transient, len(server.requests)) == (True, 1)


@pytest.mark.parametrize(
    ("statuses", "expected"), [((200, 200), True), ((200, 403), False), ((403,), False), ((500,), True)]
)
async def test_permission_to_watch_a_namespace(
    server: ApiServer, api: KubernetesApi, statuses: tuple[int, ...], expected: bool
) -> None:
    """For both kinds; an error of the API server is not a missing permission."""
    server.responses = [(status, {"items": []}) for status in statuses]
    assert await api.may_watch("shop") is expected
    assert {query["limit"] for query in server.queries} == {"1"}


async def test_claim_without_a_previous_value_leaves_the_annotation(server: ApiServer, api: KubernetesApi) -> None:
    """It may have one from an earlier claim."""
    server.responses = [(200, stored(rule(), "8"))]
    await api.claim(resource(), None)
    assert server.requests[0][3] == {"metadata": {"finalizers": [FINALIZER], "resourceVersion": "7"}}


async def test_remove_finalizer_removes_the_annotation_too(server: ApiServer, api: KubernetesApi) -> None:
    """An object that is not being deleted stays, and so does one with another finalizer."""
    server.responses = [
        (200, stored(rule(), "8")),
        (200, stored(rule(), "9", finalizers=["other"], deletionTimestamp="")),
    ]
    released = await api.remove_finalizer(resource(finalizers=[FINALIZER]))
    assert released is not None
    assert released.version == "8"
    deleted_later = await api.remove_finalizer(resource(finalizers=["other", FINALIZER], deletionTimestamp=""))
    assert deleted_later is not None
    annotations = {"xray.cruddur.io/before": None}
    assert [body["metadata"] for *_, body in server.requests] == [
        {"finalizers": [], "annotations": annotations, "resourceVersion": "7"},
        {"finalizers": ["other"], "annotations": annotations, "resourceVersion": "7"},
    ]


async def test_remove_finalizer_of_a_deleted_object_is_none(server: ApiServer, api: KubernetesApi) -> None:
    """As is one that was deleted already; any other error is raised."""
    deleting = resource(finalizers=[FINALIZER], deletionTimestamp="2026-01-01T00:00:00Z")
    server.responses = [(200, stored(rule(), "8")), (404, {"message": "not found"}), (409, {"message": "modified"})]
    assert await api.remove_finalizer(deleting) is None
    assert await api.remove_finalizer(deleting) is None
    with pytest.raises(KubernetesError, match="the Kubernetes API refused: modified"):
        await api.remove_finalizer(deleting)


async def test_status_is_patched_at_the_subresource(server: ApiServer, api: KubernetesApi) -> None:
    """Without a version, since all of the status is ours."""
    server.responses = [(200, {**stored(rule(), "8"), "status": {"name": "backend"}})]
    written = await api.write_status(resource(), {"name": "backend", "arn": None})
    method, path, content, body = server.requests[0]
    assert (method, path, content) == ("PATCH", f"{RULES}/backend/status", "application/merge-patch+json")
    assert body == {"status": {"name": "backend", "arn": None}}
    assert written.status == {"name": "backend"}


async def test_event_names_its_object(server: ApiServer, api: KubernetesApi) -> None:
    """The API server generates its name; the message is within Kubernetes' limit."""
    server.responses = [(201, {}), (201, {})]
    about = from_body(stored(group("g" * 250), namespace="shop"))
    await api.create_event("shop", Event("DriftDetected", "x" * 2000, warning=True).body(about, NOON))
    method, path, content, body = server.requests[0]
    assert (method, path, content) == ("POST", "/api/v1/namespaces/shop/events", "application/json")
    assert body == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{'g' * 200}.", "namespace": "shop"},
        "involvedObject": {
            "apiVersion": "xray.cruddur.io/v1alpha1",
            "kind": "XRayGroup",
            "namespace": "shop",
            "name": "g" * 250,
            "uid": "uid-1",
            "resourceVersion": "7",
        },
        "reason": "DriftDetected",
        "message": "x" * 1024,
        "type": "Warning",
        "source": {"component": "xray-operator"},
        "reportingComponent": "xray-operator",
        "firstTimestamp": "2026-01-01T12:00:00Z",
        "lastTimestamp": "2026-01-01T12:00:00Z",
        "count": 1,
    }
    await api.create_event("shop", Event("Created", "created in AWS").body(about, NOON))
    assert server.requests[1][3]["type"] == "Normal"


@pytest.mark.parametrize(
    ("served", "missing"),
    [
        ((200, {"resources": [{"name": "xraygroups"}, {"name": "xraysamplingrules"}]}), []),
        ((200, {"resources": [{"name": "xraygroups"}, {"name": "xraygroups/status"}]}), ["XRaySamplingRule"]),
        ((404, {"message": "not found"}), ["XRaySamplingRule", "XRayGroup"]),
    ],
)
async def test_missing_kinds_are_returned(
    server: ApiServer, api: KubernetesApi, served: tuple[int, Any], missing: list[str]
) -> None:
    """With one GET."""
    server.responses = [served]
    assert await api.missing_kinds() == missing
    assert server.requests[0][:2] == ("GET", "/apis/xray.cruddur.io/v1alpha1")


async def test_forbidden_discovery_is_an_error(server: ApiServer, api: KubernetesApi) -> None:
    """It does not count as a cluster without our kinds."""
    server.responses = [(403, {"message": "you are not allowed"})]
    with pytest.raises(KubernetesError, match="the Kubernetes API refused: you are not allowed"):
        await api.missing_kinds()


@pytest.mark.parametrize(
    ("status", "body", "not_found", "conflict", "message"),
    [
        (404, {"message": 'xraygroups "a" not found'}, True, False, 'xraygroups "a" not found'),
        (409, {"message": "the object has been modified"}, False, True, "the object has been modified"),
        (422, {"message": "Forbidden: no new finalizers"}, False, False, "Forbidden: no new finalizers"),
        (500, {"message": "etcdserver: request timed out"}, False, False, "etcdserver: request timed out"),
        (503, {}, False, False, "503"),
    ],
)
async def test_error_has_its_status_and_the_servers_message(
    server: ApiServer,
    api: KubernetesApi,
    status: int,
    body: dict[str, Any],
    not_found: bool,
    conflict: bool,
    message: str,
) -> None:
    """Or the number, if there is no message."""
    server.responses = [(status, body)]
    with pytest.raises(KubernetesError) as raised:
        await api.write_status(resource(), {})
    error = raised.value
    assert (error.status, error.is_not_found, error.is_conflict) == (status, not_found, conflict)
    assert str(error) == f"the Kubernetes API refused: {message}"


async def test_credentials_are_renewed_after_401(server: ApiServer, api: KubernetesApi) -> None:
    """A pod's token lives an hour; the request is repeated with the new one, which stays in use."""
    body = stored(rule(), "8")
    server.responses = [(200, body), (401, {"message": "Unauthorized"}), (200, body), (200, body)]
    for _ in range(3):
        await api.claim(resource(), "{}")
    assert server.tokens == ["Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-2"]
    assert server.requests[1] == server.requests[2]


async def test_credentials_are_renewed_once(server: ApiServer, api: KubernetesApi) -> None:
    """A second 401 is raised."""
    server.responses = [(401, {"message": "Unauthorized"})] * 2
    with pytest.raises(KubernetesError, match="the Kubernetes API refused: Unauthorized") as raised:
        await api.write_status(resource(), {})
    assert (raised.value.status, server.tokens) == (401, ["Bearer token-1", "Bearer token-2"])


async def test_response_that_is_not_json_is_an_error(server: ApiServer, api: KubernetesApi) -> None:
    """Such as a proxy's page."""
    server.responses = [(200, "<html>")]
    with pytest.raises(KubernetesError, match="the Kubernetes API did not answer: ") as raised:
        await api.write_status(resource(), {})
    assert raised.value.status == 0


async def test_refused_connection_is_an_error_without_a_status(free_port: Callable[[], int]) -> None:
    """The message names the address."""
    port = free_port()
    client = KubernetesApi(lambda: kopf.ConnectionInfo(server=f"http://127.0.0.1:{port}"))
    with pytest.raises(KubernetesError, match=f"the Kubernetes API did not answer: .*127.0.0.1:{port}") as raised:
        await client.write_status(resource(), {})
    assert raised.value.status == 0
    await client.close()
    await client.close()


async def test_objects_are_listed_page_by_page(server: ApiServer, api: KubernetesApi) -> None:
    """Of both kinds, in each namespace; a kind that is not served has none."""
    page = {"metadata": {"continue": "more"}, "items": [stored(rule())]}
    server.responses = [(200, page), (200, {"metadata": {}, "items": [stored(rule("b"))]}), (404, {"message": "?"})]
    found = await api.list_resources(["default"], "app=shop")
    assert [resource.key.name for resource in found] == ["backend", "b"]
    groups = RULES.replace("xraysamplingrules", "xraygroups")
    assert [path for _, path, *_ in server.requests] == [RULES, RULES, groups]
    assert server.queries[:2] == [
        {"limit": "500", "labelSelector": "app=shop"},
        {"limit": "500", "labelSelector": "app=shop", "continue": "more"},
    ]


async def test_forbidden_list_is_an_error(server: ApiServer, api: KubernetesApi) -> None:
    """It does not count as an empty list."""
    server.responses = [(403, {"message": "you are not allowed"})]
    with pytest.raises(KubernetesError, match="you are not allowed"):
        await api.list_resources([])
    assert server.requests[0][1] == "/apis/xray.cruddur.io/v1alpha1/xraysamplingrules"


async def test_deletion_has_the_uid_as_its_precondition(server: ApiServer, api: KubernetesApi) -> None:
    """A missing object and one of another uid are ignored; a forbidden request is raised."""
    server.responses = [(200, {}), (404, {}), (409, {}), (403, {})]
    for _ in range(3):
        await api.request_deletion(resource())
    assert server.requests[0][::3] == ("DELETE", {"preconditions": {"uid": "uid-1"}})
    with pytest.raises(KubernetesError):
        await api.request_deletion(resource())


async def test_released_object_keeps_its_previous_value(server: ApiServer, api: KubernetesApi) -> None:
    """The next operator needs it; the result is False if the object was modified in the meantime."""
    server.responses = [(200, stored(rule(), "8")), (404, {}), (409, {}), (500, {})]
    claimed = resource(finalizers=["other", FINALIZER])
    assert [await remove_finalizer(api, claimed) for _ in range(3)] == [True, True, False]
    assert server.requests[0][3] == {"metadata": {"finalizers": ["other"], "resourceVersion": "7"}}
    with pytest.raises(KubernetesError):
        await remove_finalizer(api, claimed)


async def test_terminating_namespace_rejects_an_event_in_a_dry_run(server: ApiServer, api: KubernetesApi) -> None:
    """Any other rejection is raised."""
    causes = {"causes": [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]}
    server.responses = [
        (201, {}),
        (403, {"message": "no", "details": causes}),
        (403, {"message": "you are not allowed"}),
    ]
    assert [await api.is_terminating("shop") for _ in range(2)] == [False, True]
    assert server.requests[0][:2] == ("POST", "/api/v1/namespaces/shop/events")
    assert server.queries[0] == {"dryRun": "All"}
    with pytest.raises(KubernetesError, match="you are not allowed"):
        await api.is_terminating("shop")


@pytest.mark.parametrize(("status", "transient"), [(429, True), (500, True), (503, True), (403, False), (404, False)])
async def test_transient_errors(server: ApiServer, api: KubernetesApi, status: int, transient: bool) -> None:
    """Only these are retried."""
    server.responses = [(status, {})]
    with pytest.raises(KubernetesError) as raised:
        await api.write_status(resource(), {})
    assert raised.value.is_transient is transient
