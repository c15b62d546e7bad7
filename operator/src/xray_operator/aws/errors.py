"""Errors of calls to AWS. A repeated error has the same text, and no message has a secret in it.

AWS's messages have times, request ids and session names, and after a wrong signature even the request's session token.
"""

import re

from xray_operator.reasons import Reason

MESSAGE_MAX = 300
_HIDDEN = "…"
_VARYING = (
    (re.compile(r"(?<=//)[^/@\s]+@"), ""),  # the user and the password of a URL
    (re.compile(r"(?i)\b(x-amz-security-token|authorization|credential|signature)[:=]\s*\S+"), rf"\1={_HIDDEN}"),
    (re.compile(r"(?i)[,;]?\s*\brequest ?id[:=]?\s*[\w-]+"), ""),
    (re.compile(r"\s*\(\)"), ""),
    (re.compile(r"\b(assumed-role/[^/\s]+|federated-user)/[^\s,'\")]+"), rf"\1/{_HIDDEN}"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), _HIDDEN),
    (re.compile(r"\b\d{8}T\d{6}Z\b|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:[\d.]+)?( ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?"), _HIDDEN),
    (re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT"), _HIDDEN),
    (re.compile(r"\b1\d{9}(\d{3})?\b"), _HIDDEN),  # seconds or milliseconds since 1970
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b"), _HIDDEN),
    # A token, or an encoded authorization message; not the path of a file.
    (re.compile(r"(?<![\w:/+=-])(?!(?:/[\w-]{1,40}){2,}(?![\w+/=-]))[\w+/=-]{60,}"), _HIDDEN),
)


class GatewayError(Exception):
    """A failed call to AWS; `message` is one short line that `stable` has made."""

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason = reason
        self.message = stable(message)
        super().__init__(self.message)

    @property
    def affects_all(self) -> bool:
        """Whether the next call would fail in the same way."""
        return self.reason in {Reason.DENIED, Reason.UNREACHABLE, Reason.WRONG_ACCOUNT}


def stable(message: str) -> str:
    """Return a message's first line without times, ids and secrets, escaped and shortened."""
    line = next((line for line in message.splitlines() if line.strip()), "")
    for pattern, replacement in _VARYING:
        line = pattern.sub(replacement, line)
    line = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line.strip())
    return line if len(line) <= MESSAGE_MAX else f"{line[: MESSAGE_MAX - 1]}…"
