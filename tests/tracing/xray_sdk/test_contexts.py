"""Subsegments across threads, tasks and generators, and such as end in another order than they began."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import context, trace

from cruddur_tracing.recording.span import Span
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder
from tests.tracing.starting import start_child
from tests.tracing.xray_sdk.conftest import KeptSpans, Process, use


def current_child(name: str) -> Span:
    """Start a span as OpenTelemetry's tracer does."""
    span = trace.get_current_span()
    assert isinstance(span, Span)
    return start_child(span, name)


def test_a_subsegment_may_end_while_a_span_in_it_goes_on(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        recorder.begin_subsegment("outer")
        with use(current_child("otel")) as span:
            recorder.end_subsegment()
            assert trace.get_current_span() is span
            with recorder.in_subsegment("in otel"):
                pass
        assert recorder.get_trace_entity().id == f"{request.span_id:016x}"
        assert trace.get_current_span() is request
        recorder.begin_subsegment("next")
        recorder.end_subsegment()
    assert kept.tree() == {"GET /": {"outer": {"otel": {"in otel": {}}}, "next": {}}}


def test_a_block_ends_what_was_forgotten_in_it(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        with recorder.in_subsegment("block"):
            recorder.begin_segment("segment")
            recorder.begin_subsegment("subsegment")
        assert trace.get_current_span() is request
        assert [span.name for span in kept.spans] == ["subsegment", "segment", "block"]
    assert kept.tree() == {"GET /": {"block": {"segment": {"subsegment": {}}}}}


def test_a_closed_subsegment_is_ended_once(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        recorder.begin_subsegment("a")
        inner = recorder.begin_subsegment("b")
        inner.close()
        recorder.end_subsegment()
        assert recorder.current_subsegment().name == "a"
        recorder.end_subsegment()
        assert trace.get_current_span() is request
    assert kept.tree() == {"GET /": {"a": {"b": {}}}}


def numbers(recorder: Recorder, name: str) -> Iterator[int]:
    """Yield two numbers from inside a block."""
    with recorder.in_subsegment(name):
        yield 1
        with recorder.in_subsegment(f"in {name}"):
            yield 2


def test_generators_may_take_turns(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        assert list(zip(numbers(recorder, "a"), numbers(recorder, "b"), strict=True)) == [(1, 1), (2, 2)]
        assert trace.get_current_span() is request
    assert kept.tree()["GET /"]["a"]["b"] == {"in a": {"in b": {}}}


def test_a_generator_that_is_given_up_has_not_failed(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        generator = numbers(recorder, "a")
        next(generator)
        generator.close()  # type: ignore[attr-defined]
        assert trace.get_current_span() is request
    assert kept["a"].xray_data().fault is None


def test_a_thread_continues_with_the_entity_that_it_is_given(
    recorder: Recorder, process: Process, kept: KeptSpans
) -> None:
    def work(entity: Any, item: int) -> bool:
        recorder.set_trace_entity(entity)
        with recorder.in_subsegment(f"item {item}"):
            recorder.put_annotation("item", item)
        found = recorder.get_trace_entity() is entity
        recorder.clear_trace_entities()
        return found and not context.get_current()

    with process.request(), recorder.in_subsegment("all") as entity, ThreadPoolExecutor(2) as pool:
        assert all(pool.map(work, [entity] * 4, range(4)))
    assert set(kept.tree()["GET /"]["all"]) == {"item 0", "item 1", "item 2", "item 3"}


def test_a_thread_may_end_the_entity_that_it_is_given(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    def work(entity: Any) -> None:
        recorder.set_trace_entity(entity)
        recorder.end_subsegment()
        assert not context.get_current()

    with process.request() as request:
        entity = recorder.begin_subsegment("handed over")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work, entity).result()
        assert not entity.in_progress
        recorder.end_subsegment()
        assert trace.get_current_span() is request
    assert kept.tree() == {"GET /": {"handed over": {}}}


def test_a_thread_may_end_after_the_request(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request():
        entity = recorder.get_trace_entity()
        copied = contextvars.copy_context()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(recorder.set_trace_entity, entity).result()
        pool.submit(recorder.begin_subsegment, "late").result()
        pool.submit(recorder.end_subsegment).result()
    assert copied.run(recorder.get_trace_entity).id == entity.id
    assert kept.tree() == {"GET /": {"late": {}}}


def test_setting_an_open_entity_leaves_what_is_inside(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        with recorder.in_subsegment("a") as outer:
            recorder.begin_subsegment("b")
            recorder.set_trace_entity(outer)
            assert recorder.get_trace_entity() is outer
        assert trace.get_current_span() is request
    assert kept.tree() == {"GET /": {"a": {"b": {}}}}


def test_clearing_gives_the_request_back(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request() as request:
        recorder.begin_subsegment("a")
        recorder.begin_subsegment("b")
        recorder.clear_trace_entities()
        assert trace.get_current_span() is request
        recorder.set_trace_entity(None)
    assert kept.tree() == {"GET /": {"a": {"b": {}}}}


def test_what_is_no_entity_is_refused(recorder: Recorder, process: Process, caplog: pytest.LogCaptureFixture) -> None:
    with process.request():
        recorder.set_trace_entity("segment")
    assert "set_trace_entity('segment') is ignored" in caplog.text


async def test_tasks_nest_their_own_subsegments(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    @recorder.capture_async("query")
    async def query(number: int) -> int:
        await asyncio.sleep(0)
        async with recorder.in_subsegment_async(f"row {number}") as row:
            await asyncio.sleep(0)
            assert recorder.current_subsegment() is row
        return number

    with process.request():
        async with recorder.in_subsegment_async("all"):
            assert await asyncio.gather(*map(query, range(3))) == [0, 1, 2]
    queries = [span for span in kept.spans if span.name == "query"]
    rows = {span.name: span.parent_id for span in kept.spans if span.name.startswith("row")}
    assert {span.parent_id for span in queries} == {kept["all"].span_id}
    assert set(rows.values()) == {span.span_id for span in queries}


async def test_a_coroutine_that_fails_is_described(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    @recorder.capture("fails")
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    with process.request(), pytest.raises(ValueError, match="no"):
        await fails()
    (event,) = kept["fails"].events
    assert event.attributes["exception.message"] == "no"  # type: ignore[index]


async def test_segments_of_tasks_are_traces_of_their_own(recorder: Recorder, kept: KeptSpans) -> None:
    async def job(name: str) -> None:
        async with recorder.in_segment_async(name):
            await asyncio.sleep(0)
            async with recorder.in_subsegment_async(f"{name} step"):
                await asyncio.sleep(0)

    await asyncio.gather(job("a"), job("b"))
    assert kept.tree() == {"a": {"a step": {}}, "b": {"b step": {}}}


async def test_an_asynchronous_generator_may_be_closed_by_another_task(
    recorder: Recorder, process: Process, kept: KeptSpans
) -> None:
    async def rows() -> AsyncIterator[int]:
        async with recorder.in_subsegment_async("rows"):
            yield 1
            yield 2

    with process.request() as request:
        generator = rows()
        await anext(generator)
        await asyncio.create_task(generator.aclose())  # type: ignore[attr-defined]
        assert recorder.get_trace_entity().id == f"{request.span_id:016x}"
        assert trace.get_current_span() is request
    assert kept.tree() == {"GET /": {"rows": {}}}


def test_the_sdks_orm_extension_sees_whether_there_is_a_segment(recorder: Recorder, process: Process) -> None:
    assert recorder.context._local.entities is None
    with process.request():
        assert recorder.context._local.entities == [recorder.get_trace_entity()]


def test_the_contexts_own_methods_work_on_the_same_stack(recorder: Recorder, process: Process, kept: KeptSpans) -> None:
    with process.request():
        with recorder.in_subsegment("a") as entity:
            pass
        recorder.context.put_segment(recorder.current_segment())
        recorder.context.put_subsegment(entity)
        assert recorder.context.get_trace_entity() is entity
    assert kept.tree() == {"GET /": {"a": {}}}
