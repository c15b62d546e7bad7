"""Terraform's AWS provider: all four resources of X-Ray are created, planned again, changed and deleted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal
from tests.integration.clients.conftest import cached, install, program, run

pytestmark = pytest.mark.process

CONFIGURATION = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

variable "rate" { type = number }
variable "expression" { type = string }
variable "stage" { type = string }

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  endpoints { xray = "%s" }
}

resource "aws_xray_group" "slow" {
  group_name        = "slow"
  filter_expression = var.expression
  insights_configuration {
    insights_enabled      = true
    notifications_enabled = var.stage == "prod"
  }
  tags = { stage = var.stage }
}

resource "aws_xray_sampling_rule" "checkout" {
  rule_name      = "checkout"
  priority       = 100
  version        = 1
  reservoir_size = 2
  fixed_rate     = var.rate
  url_path       = "/checkout/*"
  host           = "*"
  http_method    = "*"
  service_type   = "*"
  service_name   = "shop"
  resource_arn   = "*"
  attributes     = { plan = "gold" }
  tags           = { stage = var.stage }
}

resource "aws_xray_encryption_config" "none" {
  type = "NONE"
}

resource "aws_xray_resource_policy" "logs" {
  policy_name     = "logs"
  policy_document = jsonencode({ Version = "2012-10-17", Statement = [] })
}
"""
FIRST = {"rate": "0.5", "expression": "responsetime > 1", "stage": "dev"}
SECOND = {"rate": "0.25", "expression": 'service("shop") { fault }', "stage": "prod"}


@pytest.fixture
def terraform(xray_local: XRayLocal, tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs a command of Terraform on the configuration, with values of its variables."""
    command = program("terraform")
    (tmp_path / "main.tf").write_text(CONFIGURATION % xray_local.api)

    def terraform(*arguments: str, variables: dict[str, str]) -> str:
        given = {f"TF_VAR_{name}": value for name, value in variables.items()}
        settings = {**xray_local.environment, **given, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        return run([command, *arguments, "-no-color"], tmp_path, settings)

    with cached("terraform") as plugins:
        install([command, "init", "-no-color"], tmp_path, {"TF_PLUGIN_CACHE_DIR": str(plugins)})
    return terraform


def test_terraform_manages_every_resource(terraform: Callable[..., str], xray_local: XRayLocal) -> None:
    """After each apply a plan has no changes, which `-detailed-exitcode` answers with 0."""
    for variables in (FIRST, SECOND):
        terraform("apply", "-auto-approve", variables=variables)
        terraform("plan", "-detailed-exitcode", variables=variables)
        group = xray_local.call("GetGroup", {"GroupName": "slow"})["Group"]
        assert group["FilterExpression"] == variables["expression"]
        records = xray_local.call("GetSamplingRules", {})["SamplingRuleRecords"]
        rates = {record["SamplingRule"]["RuleName"]: record["SamplingRule"]["FixedRate"] for record in records}
        assert rates["checkout"] == float(variables["rate"])
        tags = xray_local.call("ListTagsForResource", {"ResourceARN": group["GroupARN"]})["Tags"]
        assert tags == [{"Key": "stage", "Value": variables["stage"]}]
    terraform("apply", "-destroy", "-auto-approve", variables=SECOND)
    assert [group["GroupName"] for group in xray_local.call("Groups", {})["Groups"]] == ["Default"]
    assert xray_local.call("ListResourcePolicies", {})["ResourcePolicies"] == []
