"""The one error of the values: which field, which value, what was expected.

Raised by every value of this package; callers print it or map it to an API's answer.
"""


class ModelError(ValueError):
    """A value that AWS X-Ray would refuse.

    `field` is the API's name (`FixedRate`), `value` what was given, `expected` what it should have been.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field}: {value!r}: expected {expected}")
        self.field = field
        self.value = value
        self.expected = expected
