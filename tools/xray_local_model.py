"""Writes what xray-local needs of botocore's model of X-Ray: paths and shapes, without documentation.

`python -m tools.xray_local_model` writes the file, `--check` compares it. So xray-local runs without botocore, which
takes 7 MB and a quarter of the time until it is ready.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from botocore.loaders import create_loader

from tools.generated import write_or_compare
from tools.provide import ROOT
from xray_local.api import shapes

API_VERSION = "2016-04-12"
TARGET = ROOT / "xray-local/src/xray_local/api" / shapes.MODEL


def text() -> str:
    """Return the file."""
    model = create_loader().load_service_model("xray", "service-2", API_VERSION)
    operations = {name: _operation(facts) for name, facts in sorted(model["operations"].items())}
    kept = {name: _shape(facts) for name, facts in sorted(model["shapes"].items()) if "exception" not in facts}
    lines = [
        f"  {json.dumps(key)}: {{\n"
        + ",\n".join(f"    {json.dumps(name)}: {json.dumps(facts)}" for name, facts in part)
        for key, part in (("operations", operations.items()), ("shapes", kept.items()))
    ]
    return "{\n" + "\n  },\n".join(lines) + "\n  }\n}\n"


def _operation(facts: Mapping[str, Any]) -> dict[str, str]:
    shapes_of = {key: facts[key]["shape"] for key in ("input", "output") if key in facts}
    return {"path": facts["http"]["requestUri"], **shapes_of}


def _shape(facts: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: facts[key] for key in ("type", "required", *sorted(shapes.CONSTRAINTS)) if key in facts}
    kept |= {key: facts[key]["shape"] for key in ("member", "key", "value") if key in facts}
    if "members" in facts:
        kept["members"] = {name: member["shape"] for name, member in facts["members"].items()}
    return kept


def main(arguments: list[str]) -> int:
    """Write the file, or with --check compare it."""
    return write_or_compare({TARGET: text()}, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
