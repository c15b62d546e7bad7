"""AWS in every account, partition and address family: endpoints, roles, consoles, health checks."""

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any
from unittest import mock

import botocore
import botocore.session
import pytest
import yaml

from tests.chart.matrix import AWS, ROLE
from tests.chart.real_collector import configuration
from tests.chart.release import Object, Values, named, named_container, pods, refusal, render
from tests.chart.test_notes import notes
from tools.chart.values import CHART

OTHER = "arn:aws:iam::210987654321:role/central-tracing"
DATA = Path(botocore.__file__).parent / "data"
PARTITIONS: list[dict[str, Any]] = json.loads((DATA / "partitions.json").read_text())["partitions"]
REGIONS = {
    partition["id"]: sorted(region for region in partition["regions"] if not region.endswith("-global"))
    for partition in PARTITIONS
}
OTLP: Values = {**AWS, "tracing.xraySdk.enabled": False}


def collector(given: Values) -> dict[str, Any]:
    """Return the collector's configuration."""
    return dict(yaml.safe_load(configuration(given) or ""))


def environment(found: list[Object], component: str) -> dict[str, Any]:
    """Return the variables of a part's container."""
    (pod,) = [pod for _, pod in pods(found) if pod["metadata"]["labels"]["app.kubernetes.io/component"] == component]
    return {variable["name"]: variable.get("value") for variable in named_container(pod, component)["env"]}


def domain_of(region: str) -> dict[str, Any]:
    """Return the chart's line for a region: the first that matches."""
    lines = yaml.safe_load((CHART / "files/partitions.yaml").read_text())
    return next(dict(line) for line in lines if re.search(line["regions"], region))


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda partition: str(partition["id"]))
def test_every_partition_has_its_domains(partition: dict[str, Any]) -> None:
    """Those of botocore: of the API, and of the sign-in page, beside which the console is."""
    rules = gzip.decompress((DATA / "signin/2023-01-01/endpoint-rule-set-1.json.gz").read_bytes()).decode()
    sign_in = set(re.findall(r"https://\{Region\}\.signin\.([a-z0-9.-]+)", rules))
    for region in REGIONS[partition["id"]]:
        found = domain_of(region)
        assert found["api"] == partition["outputs"]["dnsSuffix"], region
        assert found["console"].removeprefix("console.") in sign_in, region


@pytest.mark.parametrize("region", [regions[0] for regions in REGIONS.values()])
def test_spans_go_to_the_partitions_domain(region: str) -> None:
    """In each partition; the link in the notes is to its console."""
    found = collector({**OTLP, "aws.region": region})
    domains = domain_of(region)
    endpoint = f"https://xray.{region}.{domains['api']}"
    assert found["exporters"]["otlp_http/xray"]["traces_endpoint"] == f"{endpoint}/v1/traces"
    given = "" if domains["api"] == "amazonaws.com" else endpoint  # which the proxy's library may not know
    assert found["extensions"]["awsproxy"].get("aws_endpoint", "") == given
    console = f"  https://{region}.{domains['console']}/cloudwatch/home?region={region}#xray:traces/query"
    assert console in notes({**AWS, "aws.region": region})


def test_fips_endpoints() -> None:
    """For segments, spans and sampling rules by their URL; for the operator by the SDK's own switch."""
    fips: Values = {"aws.fips": True}
    endpoint = "https://xray-fips.eu-central-1.amazonaws.com"
    spans = collector({**OTLP, **fips})
    assert spans["exporters"]["otlp_http/xray"]["traces_endpoint"] == f"{endpoint}/v1/traces"
    assert spans["extensions"]["awsproxy"]["aws_endpoint"] == endpoint
    segments = collector({**AWS, **fips, "tracing.agent": "collector"})
    assert segments["exporters"]["awsxray"]["endpoint"] == endpoint
    assert segments["receivers"]["awsxray"]["proxy_server"]["aws_endpoint"] == endpoint
    found = render({**AWS, **fips})
    daemon = yaml.safe_load(named(found, "ConfigMap", "demo-cruddur-daemon")["data"]["cfg.yaml"])
    assert daemon["Endpoint"] == endpoint
    operator = environment(found, "operator")
    assert operator["AWS_USE_FIPS_ENDPOINT"] == "true"
    assert "AWS_ENDPOINT_URL_XRAY" not in operator  # botocore refuses the two together


def test_a_role_in_another_account_is_assumed_by_every_agent() -> None:
    """It stays when the agent changes, and when segments become spans."""
    role: Values = {**AWS, "aws.roleArn": OTHER}
    daemon = yaml.safe_load(named(render(role), "ConfigMap", "demo-cruddur-daemon")["data"]["cfg.yaml"])
    assert daemon["RoleARN"] == OTHER
    segments = collector({**role, "tracing.agent": "collector"})
    assert segments["exporters"]["awsxray"]["role_arn"] == OTHER
    assert segments["receivers"]["awsxray"]["proxy_server"]["role_arn"] == OTHER
    spans = collector({**role, "tracing.xraySdk.enabled": False})
    assert spans["extensions"]["sigv4auth"]["assume_role"] == {"arn": OTHER}
    assert spans["extensions"]["awsproxy"]["role_arn"] == OTHER


def operator_config(given: Values) -> str:
    """Return AWS's configuration file of the operator, which its pod mounts and its SDK reads."""
    found = render({**AWS, "aws.roleArn": OTHER, **given})
    operator = named(found, "Deployment", "demo-cruddur-operator")["spec"]["template"]
    assert {"name": "aws", "configMap": {"name": "demo-cruddur-operator"}} in operator["spec"]["volumes"]
    (mount,) = [mount for mount in operator["spec"]["containers"][0]["volumeMounts"] if mount["name"] == "aws"]
    assert environment(found, "operator")["AWS_CONFIG_FILE"] == f"{mount['mountPath']}/config"
    return str(named(found, "ConfigMap", "demo-cruddur-operator")["data"]["config"])


def test_the_operator_assumes_the_role_with_irsa(tmp_path: Path) -> None:
    """The SDK takes the file before the variables of the account's own role."""
    file = tmp_path / "config"
    roles: Values = {"aws.credentials": {"mode": "irsa", "irsa": {"agentRoleArn": ROLE, "operatorRoleArn": ROLE}}}
    file.write_text(operator_config(roles))
    own = {"AWS_CONFIG_FILE": str(file), "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}
    with mock.patch.dict(os.environ, own, clear=True):
        session = botocore.session.Session()
        credentials = session.get_credentials()
        profiles = session.full_config["profiles"]
    assert credentials is not None
    assert credentials.method == "assume-role"
    assert profiles["default"]["role_arn"] == OTHER
    assert profiles["own"]["role_arn"] == ROLE


@pytest.mark.parametrize(("mode", "source"), [("podIdentity", "EcsContainer"), ("none", "Ec2InstanceMetadata")])
def test_the_operator_assumes_the_role_with_what_it_has(mode: str, source: str) -> None:
    """Pod Identity's endpoint, or the node's."""
    assert f"credential_source = {source}\n" in operator_config({"aws.credentials.mode": mode})


def test_a_role_in_the_accounts_annotation_is_the_operators_own() -> None:
    """It takes precedence, as in the account."""
    given: Values = {
        "aws.credentials": {"mode": "irsa", "irsa": {"agentRoleArn": ROLE}},
        "operator.serviceAccount.annotations": {"eks.amazonaws.com/role-arn": f"{ROLE}-own"},
    }
    assert f"role_arn = {ROLE}-own\n" in operator_config(given)


BY_ALB: list[Values] = [
    {"className": "alb"},
    {"className": "internal", "annotations": {"alb.ingress.kubernetes.io/target-type": "ip"}},
    {"annotations": {"kubernetes.io/ingress.class": "alb"}},
]
HEALTH = "alb.ingress.kubernetes.io/healthcheck-path"


@pytest.mark.parametrize("given", BY_ALB, ids=json.dumps)
def test_an_alb_checks_the_readiness_of_the_app(given: Values) -> None:
    """Otherwise it asks for `/`, whose 404 is unhealthy and a sampled trace."""
    ingress = {"enabled": True, "hosts": [{"host": "a.example"}], **given}
    found = render({"backend.ingress": ingress, "backend.probes.readiness.path": "/ready"})
    assert named(found, "Ingress", "demo-cruddur-backend")["metadata"]["annotations"][HEALTH] == "/ready"
    assert "/ready" in environment(found, "backend")["CRUDDUR_TRACING_EXCLUDED_PATHS"].split(",")


def test_a_health_check_of_the_users_stays_and_is_not_traced() -> None:
    """Of an ALB, and of a Service's load balancer; other classes have none."""
    own = {"enabled": True, "className": "alb", "hosts": [{"host": "a.example"}], "annotations": {HEALTH: "/alb"}}
    balancer = {"service.beta.kubernetes.io/aws-load-balancer-healthcheck-path": "/nlb"}
    found = render({"backend.ingress": own, "backend.service.annotations": balancer})
    assert named(found, "Ingress", "demo-cruddur-backend")["metadata"]["annotations"] == {HEALTH: "/alb"}
    assert {"/alb", "/nlb"} <= set(environment(found, "backend")["CRUDDUR_TRACING_EXCLUDED_PATHS"].split(","))
    other = render({"backend.ingress": {**own, "className": "nginx", "annotations": {}}})
    assert "annotations" not in named(other, "Ingress", "demo-cruddur-backend")["metadata"]


IPV6: Values = {"ipv6": True, "tracing.agent": "collector"}


def test_every_program_listens_on_ipv6() -> None:
    """The collector on its pod's address, which may be of either family; the others on all addresses."""
    found = render(IPV6)
    assert environment(found, "backend")["CRUDDUR_HOST"] == "::"
    assert environment(found, "operator")["XRAY_OPERATOR_LISTEN"] == "[::]:8080"
    assert environment(found, "xray-local")["XRAY_LOCAL_HOST"] == "::"
    metadata = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
    assert environment(render({**AWS, **IPV6}), "operator")[metadata] == "IPv6"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"ipv6": True},
            "tracing.agent: 'daemon': expected collector because ipv6 is true: the daemon listens on IPv4 only",
        ),
        ({**IPV6, "tracing.hostPort": True}, "tracing.hostPort: 'true': expected false because ipv6 is true"),
        (
            {**AWS, "aws.fips": True, "aws.endpoint": "https://a"},
            "aws.fips: 'true': expected false because aws.endpoint is set, which decides",
        ),
        (
            {**AWS, "aws.roleArn": OTHER, "aws.credentials": {"mode": "secret", "existingSecret": "keys"}},
            (
                f"aws.roleArn: '{OTHER}': expected '' because aws.credentials.mode is 'secret' and operator.enabled is "
                "true: the operator's keys take precedence over a role"
            ),
        ),
        (
            {
                **AWS,
                "aws.roleArn": OTHER,
                "aws.credentials": {"mode": "irsa", "irsa": {"agentRoleArn": ROLE}},
                "operator.serviceAccount": {"create": False, "name": "mine"},
            },
            (
                "operator.serviceAccount.annotations: 'eks.amazonaws.com/role-arn': expected the account's own role, "
                "because the operator assumes aws.roleArn with it"
            ),
        ),
        *(
            (
                {key: value},
                (
                    f"xrayLocal.enabled: 'true': expected false because {key} is '{str(value).lower()}': "
                    "otherwise nothing would be sent to AWS"
                ),
            )
            for key, value in (
                ("aws.credentials.mode", "irsa"),
                ("aws.endpoint", "https://xray.internal"),
                ("aws.roleArn", OTHER.lower()),
                ("aws.fips", True),
            )
        ),
    ],
)
def test_what_does_not_fit_is_refused(given: Values, message: str) -> None:
    """In words, also where xray-local was left on by mistake."""
    assert message in refusal(given)
