"""Every public member of the SDK's recorder, segments and subsegments is here, or named as one that is not."""

import inspect

import pytest
from aws_xray_sdk.core.async_recorder import AsyncAWSXRayRecorder
from aws_xray_sdk.core.context import Context as StockContext
from aws_xray_sdk.core.models import dummy_entities, segment, subsegment

from cruddur_tracing.xray_sdk.entities import dummies, kinds
from cruddur_tracing.xray_sdk.recorder.context import Context
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder

COUNTERS = {
    "decrement_ref_counter",
    "decrement_subsegments_size",
    "get_total_subsegments_size",
    "increment",
}


def public(kind: type) -> set[str]:
    """Return the names of a class's public members."""
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("ours", "theirs", "missing"),
    [
        (Recorder, AsyncAWSXRayRecorder, set()),
        (Context, StockContext, set()),
        (kinds.Segment, segment.Segment, COUNTERS),
        (kinds.Subsegment, subsegment.Subsegment, set()),
        (dummies.DummySegment, dummy_entities.DummySegment, COUNTERS),
        (dummies.DummySubsegment, dummy_entities.DummySubsegment, set()),
    ],
)
def test_every_member_is_there(ours: type, theirs: type, missing: set[str]) -> None:
    assert public(theirs) - public(ours) == missing


@pytest.mark.parametrize("name", sorted(public(AsyncAWSXRayRecorder)))
def test_a_method_takes_the_same_arguments(name: str) -> None:
    theirs = inspect.getattr_static(AsyncAWSXRayRecorder, name)
    if not inspect.isfunction(theirs):
        return
    ours = inspect.signature(getattr(Recorder, name)).parameters
    expected = inspect.signature(theirs).parameters
    assert list(ours) == list(expected)
    assert {key: value.default for key, value in ours.items()} == {
        key: value.default for key, value in expected.items()
    }


@pytest.mark.parametrize(
    ("ours", "theirs"), [(kinds.Segment, segment.Segment), (kinds.Subsegment, subsegment.Subsegment)]
)
def test_an_entitys_method_takes_the_same_arguments(ours: type, theirs: type) -> None:
    for name in public(theirs) - COUNTERS:
        expected = list(inspect.signature(getattr(theirs, name)).parameters)
        assert list(inspect.signature(getattr(ours, name)).parameters) == expected, name
