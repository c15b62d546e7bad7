from typing import Any

import pytest

from xray_local.ingest.translator.indexed import Indexed, indexed


def test_the_listed_attributes_are_annotations() -> None:
    """They and the list are no attributes any more; keys have the characters that X-Ray takes."""
    attributes = {"handle": "ann", "age": 3, "a-b.c_d": True, "tags": ["x"], "more": 1}
    listed = {"aws.xray.annotations": ["handle", "age", "a-b.c_d", "tags", "absent", 5, "otel.resource.zone"]}
    assert indexed(attributes | listed, {"zone": "a"}) == Indexed(
        {"handle": "ann", "age": 3, "a_b.c_d": True, "otel.resource.zone": "a"}, {}, {"tags": ["x"], "more": 1}
    )


def test_without_a_list_all_simple_attributes_are_annotations() -> None:
    """With an empty list none is."""
    attributes: dict[str, Any] = {"handle": "ann", "tags": ["x"], "long": "x" * 5000}
    bounded = attributes | {"long": "x" * 4096}
    assert indexed(attributes, {}) == Indexed({"handle": "ann", "long": "x" * 4096}, {}, bounded)
    assert indexed(attributes | {"aws.xray.annotations": []}, {}) == Indexed({}, {}, bounded)
    assert indexed({"aws.xray.annotations": "handle"}, {}).annotations == {"aws.xray.annotations": "handle"}


def test_what_is_listed_or_metadata_is_found_behind_many_attributes() -> None:
    """The limits are for those that are kept as attributes."""
    many: dict[str, Any] = {f"key-{number}": number for number in range(200)}
    many |= {"handle": "x" * 5000, "aws.xray.annotations": ["handle"], "aws.xray.metadata.a": '{"b": 1}'}
    found = indexed(many, {})
    assert (found.annotations, found.metadata) == ({"handle": "x" * 5000}, {"a": {"b": 1}})
    assert list(found.attributes) == [f"key-{number}" for number in range(128)]


def test_metadata_is_read_from_json() -> None:
    """By namespace; the default one has one spelling."""
    attributes = {"aws.xray.metadata.Default": '{"a": [1]}', "aws.xray.metadata.shop": '{"b": {"c": null}}'}
    assert indexed(attributes | {"aws.xray.annotations": []}, {}) == Indexed(
        {}, {"default": {"a": [1]}, "shop": {"b": {"c": None}}}, {}
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "5", '{"a": NaN}', '{"a": "\\ud800"}', '{"a":' + "[" * 500 + "]" * 500 + "}", 5]
)
def test_metadata_that_is_no_json_object_stays_an_attribute(text: object) -> None:
    """So does one that is nested too deeply, and one in the namespace of the span itself."""
    attributes = {"aws.xray.metadata.a": text, "aws.xray.metadata.otel": "{}"}
    found = indexed(attributes, {})
    assert (found.metadata, found.attributes) == ({}, attributes)
