"""The errors that the API answers, with AWS's code, message and HTTP status, and those of the store and of commands."""


class ApiError(Exception):
    """An error that a client of the API gets; `code` is the exception's name in the AWS SDKs."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    """Return an InvalidRequestException, which X-Ray also raises for a group or rule that does not exist."""
    return ApiError("InvalidRequestException", message)


def not_found(message: str) -> ApiError:
    """Return a ResourceNotFoundException, which X-Ray raises for tags, indexing rules and trace retrievals."""
    return ApiError("ResourceNotFoundException", message, 404)


class StoreError(Exception):
    """The store cannot be opened, read or written; the message is the reason."""


class StoreFileError(StoreError):
    """The store's file cannot be used; the message names `--db`, the file, and what was expected."""


class StartError(Exception):
    """The process cannot start; the message is one line."""


class UsageError(Exception):
    """A command cannot be carried out; the message is one line."""


class CheckError(Exception):
    """The check failed; the message names what is missing, and what to check."""
