"""The demo's reading of the access log."""

from pathlib import Path

from demo.checks import Tally
from demo.traffic import Answered, by_worker, read_log

LINE = (
    '{{"event": "request", "pid": {pid}, "path": "{path}", "status": 200, '
    '"trace_id": "1-65a0b1c2-000000000000000000000001", "sampled": {sampled}}}\n'
)


def test_only_whole_lines_of_the_demo_s_routes_are_read(tmp_path: Path) -> None:
    """Health checks, other events and incomplete lines are ignored."""
    log = tmp_path / "backend.log"
    home = LINE.format(pid=7, path="/api/activities/home", sampled="true")
    log.write_text('{"event": "started"}\n' + LINE.format(pid=7, path="/healthz", sampled="false") + home + home[:30])
    trace_id = "1-65a0b1c2-000000000000000000000001"
    assert read_log(log) == [Answered(7, "/api/activities/home", 200, trace_id, sampled=True)]
    assert read_log(log, skip=3) == []


def test_requests_are_counted_by_worker() -> None:
    """Each worker has its own tally."""
    first = Answered(1, "/api/activities/home", 200, "a", sampled=True)
    second = Answered(2, "/api/activities/home", 200, "b", sampled=False)
    assert by_worker([second, first, second], 1.5) == {1: Tally(1, 1, 1.5), 2: Tally(2, 0, 1.5)}
