"""A Flask app that patches everything as the X-Ray SDK's documentation says, and calls AWS and another service."""

import boto3
import requests
from aws_xray_sdk.core import patch_all
from botocore.config import Config
from flask import Flask, request

patch_all()
app = Flask("patched")


@app.get("/call")
def call() -> dict[str, object]:
    """Call a service with requests, and X-Ray's API with boto3; return the headers that the service got."""
    settings = {"region_name": "eu-west-1", "aws_access_key_id": "a", "aws_secret_access_key": "a"}
    client = boto3.client(
        "xray", endpoint_url=request.args["aws"], config=Config(retries={"max_attempts": 0}), **settings
    )
    client.get_groups()
    headers: dict[str, object] = requests.get(request.args["url"], timeout=10).json()
    return headers


@app.get("/healthz")
def healthz() -> str:
    """Answer that the app is ready."""
    return "ok"
