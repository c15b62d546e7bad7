"""Validation of single fields. Each function returns the valid value or raises ModelError."""

from collections.abc import Mapping

from xray_model.errors import ModelError


def text(field: str, value: object, *, longest: int, shortest: int = 0) -> str:
    """Return a string with a valid length in characters."""
    span = f"at most {longest} characters" if shortest == 0 else f"{shortest} to {longest} characters"
    if not isinstance(value, str) or not shortest <= len(value) <= longest:
        raise ModelError(field, value, f"a string of {span}")
    return value


def integer(field: str, value: object, *, least: int, most: int | None = None) -> int:
    """Return an integer within a range; a bool is not an integer."""
    span = f"of at least {least}" if most is None else f"from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        raise ModelError(field, value, f"a whole number {span}")
    return value


def rate(field: str, value: object) -> float:
    """Return a number from 0 to 1; NaN is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:  # False for NaN
        raise ModelError(field, value, "a number from 0 to 1")
    return float(value)


def boolean(field: str, value: object) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise ModelError(field, value, "true or false")
    return value


def mapping(field: str, value: object) -> Mapping[str, object]:
    """Return a mapping with string keys."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ModelError(field, value, "an object")
    return value
