import botocore.loaders
import pytest

from xray_model.segments import names

AWS_SERVICES = (
    "autoscaling bedrock-runtime ce cloudwatch cognito-idp dynamodb dynamodbstreams ecr efs elasticbeanstalk elb elbv2"
    " emr events globalaccelerator iot-data kinesis kms lambda logs opensearch route53 s3 sagemaker sagemaker-runtime"
    " secretsmanager service-quotas servicediscovery ses sesv2 sns sqs ssm sso-oidc stepfunctions storagegateway sts"
    " timestream-query timestream-write xray"
)


def test_every_endpoint_prefix_is_botocores() -> None:
    """The stock SDK names AWS's services so."""
    loader = botocore.loaders.Loader()
    models = [loader.load_service_model(service, "service-2")["metadata"] for service in AWS_SERVICES.split()]
    known = {metadata["serviceId"]: metadata["endpointPrefix"] for metadata in models}
    assert {name: names.endpoint_prefix(name) for name in known} == known
    assert names._ENDPOINT_PREFIXES.items() <= known.items()


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("GET /<id>?", "GET /id"),
        ("a_b.c:d/e%f&g#h=i+j\\k-l@m é", "a_b.c:d/e%f&g#h=i+j\\k-l@m é"),
        ("<>", "span"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_name_has_the_characters_that_xray_takes(name: str, valid: str) -> None:
    """At least one and at most 200 of them."""
    assert names.valid_name(name) == valid


def test_a_key_has_underscores_for_other_characters() -> None:
    """The length stays."""
    assert names.annotation_key("a-b.c d_é") == "a_b.c_d__"
