"""The parts together as processes: rule files, the operator's command line, xray-local and running workers."""

import contextlib
import itertools
import urllib.error
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from demo import steps, traffic
from demo.stack import Addresses, Stack

pytestmark = pytest.mark.process
WORKERS = 2


@pytest.fixture
def stack(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Stack]:
    """Run xray-local with the example rule, and the backend's workers, on free ports."""
    running = Stack(Addresses(free_port(), free_port(), free_port(), free_port()), tmp_path)
    try:
        running.start_xray_local()
        steps.apply_examples(running)
        running.launch_backend(WORKERS)
        running.wait_for_backend()
        yield running
    finally:
        running.close()


def test_a_changed_rule_file_changes_what_every_worker_samples(stack: Stack) -> None:
    """Apply, fetch, decide: the share of new requests follows the file in each worker."""
    steps.one_trace(stack)
    assert [check for check in steps.changed_rule(stack, WORKERS) if not check.passed] == []


def test_sigterm_during_load_loses_no_answered_sampled_request(stack: Stack) -> None:
    """What the access log says was sampled is in the store, by both wires."""

    def client() -> None:
        for number in itertools.count():
            traffic.get(stack.addresses.service + list(traffic.ROUTES)[number % len(traffic.ROUTES)])

    def until_it_is_gone() -> None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            client()

    with ThreadPoolExecutor(4) as clients:
        ended = [clients.submit(until_it_is_gone) for _ in range(4)]
        while len(traffic.read_log(stack.access_log)) < 500:
            assert not any(ending.done() for ending in ended)
        stack.stop("backend")
        for ending in ended:
            ending.result(timeout=30)
    sampled = [entry.trace_id for entry in traffic.read_log(stack.access_log) if entry.sampled]
    assert len(sampled) > 20
    assert steps.incomplete(stack, sampled) == []
