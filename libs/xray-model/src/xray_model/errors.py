"""The package's validation error: the field, the value, and what was expected."""


class ModelError(ValueError):
    """A value that AWS X-Ray would reject.

    `field` is the API name (`FixedRate`), `value` the invalid value, `expected` a description of valid ones.
    """

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field}: {value!r}: expected {expected}")
        self.field = field
        self.value = value
        self.expected = expected
