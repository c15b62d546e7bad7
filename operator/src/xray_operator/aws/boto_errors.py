"""boto3's exceptions as `GatewayError`: by class, by status and by code, whatever part of boto3 raised them.

X-Ray reports "not found" and "already exists" by the message alone (both are InvalidRequestException), so those texts
are matched by part and without case.
"""

import botocore.exceptions

from xray_operator.aws.errors import GatewayError
from xray_operator.reasons import Reason

_CODES = {
    "TooManyRequestsException": Reason.THROTTLED,
    "RequestLimitExceeded": Reason.THROTTLED,
    "BandwidthLimitExceeded": Reason.THROTTLED,
    "SlowDown": Reason.THROTTLED,
    "RuleLimitExceededException": Reason.LIMIT_EXCEEDED,
    "TooManyTagsException": Reason.LIMIT_EXCEEDED,
    "ResourceNotFoundException": Reason.NOT_FOUND,
    "InvalidClientTokenId": Reason.DENIED,
    "SignatureDoesNotMatch": Reason.DENIED,
}
# Parts of codes: AWS's services spell them differently, with and without "Exception".
_CODE_PARTS = (
    ("throttl", Reason.THROTTLED),
    ("accessdenied", Reason.DENIED),
    ("unauthorized", Reason.DENIED),
    ("expired", Reason.DENIED),
    ("identitytoken", Reason.DENIED),
    ("invalidsignature", Reason.DENIED),
    ("missingauthenticationtoken", Reason.DENIED),
    ("unrecognizedclient", Reason.DENIED),
)
# Parts of messages whose code is InvalidRequestException.
_MESSAGES = (
    ("already exist", Reason.ALREADY_EXISTS),
    ("does not exist", Reason.NOT_FOUND),
    ("not found", Reason.NOT_FOUND),
    ("limit exceeded", Reason.LIMIT_EXCEEDED),
)
_NO_CREDENTIALS = (botocore.exceptions.NoCredentialsError, botocore.exceptions.PartialCredentialsError)
# Profiles, SSO, roles, tokens and their files: botocore's sentence names the profile or the file.
_CREDENTIALS = (
    botocore.exceptions.ConfigNotFound,
    botocore.exceptions.ConfigParseError,
    botocore.exceptions.CredentialRetrievalError,
    botocore.exceptions.InvalidConfigError,
    botocore.exceptions.LoginError,
    botocore.exceptions.MetadataRetrievalError,
    botocore.exceptions.MissingDependencyException,
    botocore.exceptions.NoAuthTokenError,
    botocore.exceptions.ProfileNotFound,
    botocore.exceptions.RefreshWithMFAUnsupportedError,
    botocore.exceptions.SSOError,
    botocore.exceptions.TokenRetrievalError,
    botocore.exceptions.UnknownCredentialError,
    botocore.exceptions.UnknownTokenProviderError,
)
_CONNECTION = (
    botocore.exceptions.ChecksumError,
    botocore.exceptions.ConnectionError,
    botocore.exceptions.HTTPClientError,
    botocore.exceptions.IncompleteReadError,
)


def translate(error: Exception, endpoint: str, operation: str = "") -> GatewayError:
    """Return the GatewayError for an exception of a call to X-Ray (boto3's method), or of the client's creation."""
    match error:
        case botocore.exceptions.ClientError():
            return _client_error(error, operation)
        case botocore.exceptions.NoRegionError():
            return GatewayError(Reason.INVALID, "no AWS region is set: expected AWS_REGION or --region")
        case _ if isinstance(error, _NO_CREDENTIALS):
            expected = "expected a profile, a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            return GatewayError(Reason.DENIED, f"no AWS credentials found: {expected}")
        case _ if isinstance(error, _CREDENTIALS):
            return GatewayError(Reason.DENIED, _sentence(error))
        case _ if isinstance(error, _CONNECTION):
            return _unreachable(endpoint, error)
        case botocore.exceptions.BotoCoreError():
            return GatewayError(Reason.INVALID, _sentence(error))
        case OSError(filename=str(file), strerror=str(reason)):  # such as the file of a web identity token
            return GatewayError(Reason.DENIED, f"cannot read the AWS credentials: {file}: {reason.lower()}")
        case _:  # such as a malformed response, or a credential process's output
            return _unreachable(endpoint, error)


def _client_error(error: botocore.exceptions.ClientError, operation: str) -> GatewayError:
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_xray = not operation or error.operation_name.lower() == operation.replace("_", "")
    text = f"{code}: {message}" if is_xray else f"{error.operation_name}: {code}: {message}"
    return GatewayError(_reason(code, message, status, is_xray=is_xray), text)


def _reason(code: str, message: str, status: int, *, is_xray: bool) -> Reason:
    reason = _CODES.get(code) or next((found for part, found in _CODE_PARTS if part in code.lower()), None)
    if reason is not None:
        return reason
    if status == 429:
        return Reason.THROTTLED
    if status in {401, 403, 407}:  # also a proxy's, without a code of AWS's
        return Reason.DENIED
    if status >= 500 or code.isdigit():  # botocore's code of an answer that is not AWS's is its status
        return Reason.UNREACHABLE
    if not is_xray:  # STS or SSO refuses to issue credentials
        return Reason.DENIED
    return next((found for part, found in _MESSAGES if part in message.lower()), Reason.INVALID)


def _unreachable(endpoint: str, error: Exception) -> GatewayError:
    where = "STS" if endpoint == "STS" else f"X-Ray at {endpoint}"
    if isinstance(error, botocore.exceptions.ProxyConnectionError):
        where = f"{where} through the proxy {error.kwargs['proxy_url']}"
    return GatewayError(Reason.UNREACHABLE, f"cannot reach {where}: {_cause(error)}")


def _cause(error: BaseException) -> str:
    """Return the operating system's reason, such as "connection refused", or the name of the exception."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
