"""The errors that the API answers: AWS's code, message and HTTP status. Raised by operations, answered by `api`."""


class ApiError(Exception):
    """An error in AWS's own words; `code` is what a client sees as the exception's name."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    """An InvalidRequestException, which is also how X-Ray says that a group or rule does not exist."""
    return ApiError("InvalidRequestException", message)


def not_found(message: str) -> ApiError:
    """A ResourceNotFoundException, which only the tag operations know."""
    return ApiError("ResourceNotFoundException", message, 404)


class StoreError(Exception):
    """The store cannot be opened or written; the text says why to the person who runs the process."""
