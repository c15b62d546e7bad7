"""A command line with an in-memory AWS, and one manifest."""

from pathlib import Path

import pytest

from tests.fakes import InMemoryGateway
from xray_model import SamplingRule
from xray_operator.cli import main

RULE = """\
apiVersion: xray.cruddur.io/v1alpha1
kind: XRaySamplingRule
metadata:
  name: backend
spec:
  priority: 100
  fixedRate: 0.5
  reservoirSize: 1
"""
VALUE = SamplingRule(rule_name="backend", priority=100, fixed_rate=0.5, reservoir_size=1)


class Line:
    """A command line with an in-memory gateway and one manifest; `run` returns exit code, output and errors."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.gateway = InMemoryGateway()
        self.file = folder / "rule.yaml"
        self.file.write_text(RULE)
        self._capture = capture

    def run(self, *arguments: str, environ: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Run with `-f FILE` for FILE in the arguments."""
        words = [str(self.file) if word == "FILE" else word for word in arguments]
        code = main(words, environ or {}, lambda _region, _endpoint: self.gateway)
        captured = self._capture.readouterr()
        return code, captured.out, captured.err
