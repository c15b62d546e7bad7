from typing import Any

import pytest

from xray_local.ingest.translator.resource import segment_fields

SDK = {"xray": {"auto_instrumentation": False}}


@pytest.mark.parametrize(
    ("resource", "origin"),
    [
        ({"cloud.platform": "aws_eks", "cloud.provider": "aws"}, "AWS::EKS::Container"),
        ({"cloud.platform": "aws_ecs"}, "AWS::ECS::Container"),
        ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate"}, "AWS::ECS::Fargate"),
        ({"cloud.platform": "aws_lambda"}, None),
        ({"cloud.platform": "aws_eks", "cloud.provider": "gcp"}, None),
        ({}, None),
    ],
)
def test_the_origin_is_the_platform(resource: dict[str, Any], origin: str | None) -> None:
    """Of AWS only."""
    assert segment_fields(resource).get("origin") == origin


@pytest.mark.parametrize(
    ("resource", "aws"),
    [
        (
            {"host.id": "i-1", "cloud.availability_zone": "a", "host.type": "t3", "cloud.account.id": "1"},
            {"account_id": "1", "ec2": {"instance_id": "i-1", "availability_zone": "a", "instance_size": "t3"}},
        ),
        (
            {"cloud.platform": "aws_ecs", "container.name": "c", "aws.ecs.task.arn": "arn"},
            {"ecs": {"container": "c", "task_arn": "arn"}},
        ),
        ({"k8s.cluster.name": "k", "k8s.pod.name": "p"}, {"eks": {"cluster_name": "k", "pod": "p"}}),
        (
            {"cloud.platform": "aws_elastic_beanstalk", "service.instance.id": "7", "service.namespace": "env"},
            {"elastic_beanstalk": {"environment_name": "env", "deployment_id": 7}},
        ),
        (
            {"aws.log.group.arns": "arn:aws:logs:eu-west-1:1:log-group:shop&other"},
            {
                "cloudwatch_logs": [
                    {"arn": "arn:aws:logs:eu-west-1:1:log-group:shop", "log_group": "shop"},
                    {"arn": "other", "log_group": "other"},
                ]
            },
        ),
        ({"aws.log.group.names": ["a", 5]}, {"cloudwatch_logs": [{"log_group": "a"}]}),
        ({"host.id": "i-1", "cloud.provider": "gcp"}, {}),
    ],
)
def test_the_host_is_described(resource: dict[str, Any], aws: dict[str, Any]) -> None:
    """If it is AWS's, or might be."""
    assert segment_fields(resource)["aws"] == aws | SDK


def test_the_sdk_and_the_version_of_the_service_are_described() -> None:
    """The latter by the image, if the service does not say."""
    resource = {"telemetry.sdk.name": "otel", "telemetry.sdk.language": "python", "telemetry.sdk.version": "1.2"}
    fields = segment_fields(resource | {"telemetry.distro.version": "3", "container.image.tag": "v4"})
    assert fields == {
        "service": {"version": "v4"},
        "aws": {"xray": {"sdk": "otel for python", "sdk_version": "1.2", "auto_instrumentation": True}},
    }
