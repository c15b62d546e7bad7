"""The list's filter as a group: the manifest and the command to copy. The page itself writes nothing."""

import json
import shlex

from xray_local.page.frame.exchange import Page, PageRequest
from xray_local.page.listing.field import read_expression
from xray_model import Group, ModelError


async def show(request: PageRequest) -> Page:
    """Show the manifest of a group and the command that creates it; a name that is not valid is a 400."""
    expression, name = request.query.get("q", "").strip(), request.query.get("name", "").strip()
    problem = _problem(name or "checkout-trouble", expression)
    made = bool(name) and not problem
    data = {
        "name": name,
        "expression": expression,
        "problem": problem,
        "manifest": manifest(name, expression) if made else "",
        "command": command(name, expression, request.base) if made else "",
    }
    return Page(
        title="Save as group",
        section="/groups",
        template="list/save.html",
        context=data,
        data=data,
        status=400 if problem else 200,
    )


def manifest(name: str, expression: str) -> str:
    """Return the custom resource that makes xray-operator create the group."""
    return (
        "apiVersion: xray.cruddur.io/v1alpha1\n"
        "kind: XRayGroup\n"
        "metadata:\n"
        f"  name: {json.dumps(name)}\n"
        "spec:\n"
        f"  filterExpression: {json.dumps(expression, ensure_ascii=False)}\n"
    )


def command(name: str, expression: str, base: str) -> str:
    """Return the command that creates the group here; without the endpoint it does so in AWS."""
    words = ["aws", "xray", "create-group", "--group-name", name, "--filter-expression", expression]
    return shlex.join([*words, "--endpoint-url", base])


def _problem(name: str, expression: str) -> str:
    reading = read_expression(expression)
    if reading.mistake:
        return reading.mistake.message
    if not expression:
        return "filter expression: '': expected one, since the group Default has every trace"
    try:
        Group.from_api({"GroupName": name, "FilterExpression": expression})
    except ModelError as error:
        return str(error)
    return ""
