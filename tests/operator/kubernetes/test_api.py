"""The Kubernetes API over HTTP: what is sent, and what is made of each answer; a small server stands for it."""

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
    """Gives `answers` one after another; `requests` has method, path, content type and body; `queries`, `tokens`.

    An answer is a status with what is sent as JSON, or with a text as it is.
    """

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[tuple[str, str, str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.tokens: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Keep the request and give the next answer."""
        body = await request.json() if request.can_read_body else None
        self.requests.append((request.method, request.path, request.headers["Content-Type"], body))
        self.queries.append(dict(request.query))
        self.tokens.append(request.headers["Authorization"])
        status, given = self.answers.pop(0)
        if isinstance(given, str):
            return web.Response(status=status, text=given)
        return web.json_response(given, status=status)


@pytest.fixture
def server() -> ApiServer:
    """Give the API server's script."""
    return ApiServer()


@pytest.fixture
async def api(server: ApiServer) -> AsyncIterator[KubernetesApi]:
    """Give the client of a listening API server; each time that it asks, it gets another token."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    async with TestServer(app) as listening:
        tokens = iter(f"token-{number}" for number in range(1, 10))
        client = KubernetesApi(lambda: kopf.ConnectionInfo(server=f"{listening.make_url('/')}", token=next(tokens)))
        yield client
        await client.close()


def stored(manifest: dict[str, Any], version: str = "7", **metadata: Any) -> dict[str, Any]:
    """Give a manifest as the API server does."""
    known = {"namespace": "default", "uid": "uid-1", "resourceVersion": version, "generation": 1}
    return {**manifest, "metadata": {**manifest["metadata"], **known, **metadata}}


def resource(**metadata: Any) -> Resource:
    """Give a rule object."""
    return from_body(stored(rule(), **metadata))


async def test_a_claim_sends_finalizer_and_annotation_with_the_version(server: ApiServer, api: KubernetesApi) -> None:
    """In one PATCH that keeps the finalizers of others; the answer is the object as it is then."""
    server.answers = [(200, stored(rule(), "8", finalizers=["other", FINALIZER]))]
    claimed = await api.claim(resource(finalizers=["other"]), '{"FixedRate":0.05}')
    annotations = {"xray.cruddur.io/before": '{"FixedRate":0.05}'}
    metadata = {"finalizers": ["other", FINALIZER], "annotations": annotations, "resourceVersion": "7"}
    merge = "application/merge-patch+json"
    assert server.requests == [("PATCH", f"{RULES}/backend", merge, {"metadata": metadata})]
    assert (claimed.version, claimed.claimed) == ("8", True)


async def test_a_claim_without_a_before_leaves_the_annotation(server: ApiServer, api: KubernetesApi) -> None:
    """It may hold one from an earlier life."""
    server.answers = [(200, stored(rule(), "8"))]
    await api.claim(resource(), None)
    assert server.requests[0][3] == {"metadata": {"finalizers": [FINALIZER], "resourceVersion": "7"}}


async def test_a_release_takes_both_away(server: ApiServer, api: KubernetesApi) -> None:
    """An object that is not being deleted stays, and so does one with somebody else's finalizer."""
    server.answers = [
        (200, stored(rule(), "8")),
        (200, stored(rule(), "9", finalizers=["other"], deletionTimestamp="")),
    ]
    released = await api.remove_finalizer(resource(finalizers=[FINALIZER]))
    assert released is not None
    assert released.version == "8"
    gone_later = await api.remove_finalizer(resource(finalizers=["other", FINALIZER], deletionTimestamp=""))
    assert gone_later is not None
    annotations = {"xray.cruddur.io/before": None}
    assert [body["metadata"] for *_, body in server.requests] == [
        {"finalizers": [], "annotations": annotations, "resourceVersion": "7"},
        {"finalizers": ["other"], "annotations": annotations, "resourceVersion": "7"},
    ]


async def test_an_object_that_goes_with_our_finalizer_is_none(server: ApiServer, api: KubernetesApi) -> None:
    """And so is one that was gone already; any other error is one."""
    deleting = resource(finalizers=[FINALIZER], deletionTimestamp="2026-01-01T00:00:00Z")
    server.answers = [(200, stored(rule(), "8")), (404, {"message": "not found"}), (409, {"message": "modified"})]
    assert await api.remove_finalizer(deleting) is None
    assert await api.remove_finalizer(deleting) is None
    with pytest.raises(KubernetesError, match="the Kubernetes API refused: modified"):
        await api.remove_finalizer(deleting)


async def test_a_status_is_patched_at_the_subresource(server: ApiServer, api: KubernetesApi) -> None:
    """Without a version: conditions are ours alone."""
    server.answers = [(200, {**stored(rule(), "8"), "status": {"name": "backend"}})]
    written = await api.write_status(resource(), {"name": "backend", "arn": None})
    method, path, content, body = server.requests[0]
    assert (method, path, content) == ("PATCH", f"{RULES}/backend/status", "application/merge-patch+json")
    assert body == {"status": {"name": "backend", "arn": None}}
    assert written.status == {"name": "backend"}


async def test_an_event_is_about_its_object(server: ApiServer, api: KubernetesApi) -> None:
    """Named by the API server, with a message within Kubernetes' limit."""
    server.answers = [(201, {}), (201, {})]
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
async def test_kinds_that_are_not_served_are_named(
    server: ApiServer, api: KubernetesApi, served: tuple[int, Any], missing: list[str]
) -> None:
    """With one GET."""
    server.answers = [served]
    assert await api.missing_kinds() == missing
    assert server.requests[0][:2] == ("GET", "/apis/xray.cruddur.io/v1alpha1")


async def test_a_refused_look_at_the_kinds_is_an_error(server: ApiServer, api: KubernetesApi) -> None:
    """And not a cluster without them."""
    server.answers = [(403, {"message": "you are not allowed"})]
    with pytest.raises(KubernetesError, match="the Kubernetes API refused: you are not allowed"):
        await api.missing_kinds()


@pytest.mark.parametrize(
    ("status", "answer", "gone", "conflict", "told"),
    [
        (404, {"message": 'xraygroups "a" not found'}, True, False, 'xraygroups "a" not found'),
        (409, {"message": "the object has been modified"}, False, True, "the object has been modified"),
        (422, {"message": "Forbidden: no new finalizers"}, False, False, "Forbidden: no new finalizers"),
        (500, {"message": "etcdserver: request timed out"}, False, False, "etcdserver: request timed out"),
        (503, {}, False, False, "503"),
    ],
)
async def test_an_error_has_its_status_and_the_servers_words(
    server: ApiServer, api: KubernetesApi, status: int, answer: dict[str, Any], gone: bool, conflict: bool, told: str
) -> None:
    """The number stands in where there are no words."""
    server.answers = [(status, answer)]
    with pytest.raises(KubernetesError) as raised:
        await api.write_status(resource(), {})
    error = raised.value
    assert (error.status, error.is_not_found, error.is_conflict) == (status, gone, conflict)
    assert str(error) == f"the Kubernetes API refused: {told}"


async def test_credentials_are_asked_for_again_when_they_are_refused(server: ApiServer, api: KubernetesApi) -> None:
    """A pod's token lives an hour; the request is sent once more with the new one, which stays in use."""
    body = stored(rule(), "8")
    server.answers = [(200, body), (401, {"message": "Unauthorized"}), (200, body), (200, body)]
    for _ in range(3):
        await api.claim(resource(), "{}")
    assert server.tokens == ["Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-2"]
    assert server.requests[1] == server.requests[2]


async def test_credentials_are_asked_for_again_once(server: ApiServer, api: KubernetesApi) -> None:
    """The second refusal is the answer."""
    server.answers = [(401, {"message": "Unauthorized"})] * 2
    with pytest.raises(KubernetesError, match="the Kubernetes API refused: Unauthorized") as raised:
        await api.write_status(resource(), {})
    assert (raised.value.status, server.tokens) == (401, ["Bearer token-1", "Bearer token-2"])


async def test_an_answer_that_is_no_json_is_no_answer(server: ApiServer, api: KubernetesApi) -> None:
    """As a proxy's page."""
    server.answers = [(200, "<html>")]
    with pytest.raises(KubernetesError, match="the Kubernetes API did not answer: ") as raised:
        await api.write_status(resource(), {})
    assert raised.value.status == 0


async def test_nobody_there_is_an_error_without_a_status(free_port: Callable[[], int]) -> None:
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
    server.answers = [(200, page), (200, {"metadata": {}, "items": [stored(rule("b"))]}), (404, {"message": "?"})]
    found = await api.list_resources(["default"], "app=shop")
    assert [one.key.name for one in found] == ["backend", "b"]
    groups = RULES.replace("xraysamplingrules", "xraygroups")
    assert [path for _, path, *_ in server.requests] == [RULES, RULES, groups]
    assert server.queries[:2] == [
        {"limit": "500", "labelSelector": "app=shop"},
        {"limit": "500", "labelSelector": "app=shop", "continue": "more"},
    ]


async def test_a_refused_list_is_an_error(server: ApiServer, api: KubernetesApi) -> None:
    """And not an empty list."""
    server.answers = [(403, {"message": "you are not allowed"})]
    with pytest.raises(KubernetesError, match="you are not allowed"):
        await api.list_resources([])
    assert server.requests[0][1] == "/apis/xray.cruddur.io/v1alpha1/xraysamplingrules"


async def test_a_deletion_is_about_one_life_of_an_object(server: ApiServer, api: KubernetesApi) -> None:
    """One that is gone, or is another one by now, is passed over; a refusal is not."""
    server.answers = [(200, {}), (404, {}), (409, {}), (403, {})]
    for _ in range(3):
        await api.request_deletion(resource())
    assert server.requests[0][::3] == ("DELETE", {"preconditions": {"uid": "uid-1"}})
    with pytest.raises(KubernetesError):
        await api.request_deletion(resource())


async def test_letting_go_leaves_what_was_there_before(server: ApiServer, api: KubernetesApi) -> None:
    """The next operator needs it; an object that was changed meanwhile is told by False."""
    server.answers = [(200, stored(rule(), "8")), (404, {}), (409, {}), (500, {})]
    claimed = resource(finalizers=["other", FINALIZER])
    assert [await remove_finalizer(api, claimed) for _ in range(3)] == [True, True, False]
    assert server.requests[0][3] == {"metadata": {"finalizers": ["other"], "resourceVersion": "7"}}
    with pytest.raises(KubernetesError):
        await remove_finalizer(api, claimed)


async def test_a_terminating_namespace_refuses_an_event_that_is_not_stored(
    server: ApiServer, api: KubernetesApi
) -> None:
    """Any other refusal says nothing about the namespace."""
    causes = {"causes": [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]}
    server.answers = [(201, {}), (403, {"message": "no", "details": causes}), (403, {"message": "you are not allowed"})]
    assert [await api.is_terminating("shop") for _ in range(2)] == [False, True]
    assert server.requests[0][:2] == ("POST", "/api/v1/namespaces/shop/events")
    assert server.queries[0] == {"dryRun": "All"}
    with pytest.raises(KubernetesError, match="you are not allowed"):
        await api.is_terminating("shop")


@pytest.mark.parametrize(("status", "passing"), [(429, True), (500, True), (503, True), (403, False), (404, False)])
async def test_what_may_pass_by_itself_is_told_apart(
    server: ApiServer, api: KubernetesApi, status: int, passing: bool
) -> None:
    """So that it is asked again only where that can help."""
    server.answers = [(status, {})]
    with pytest.raises(KubernetesError) as raised:
        await api.write_status(resource(), {})
    assert raised.value.is_transient is passing
