"""Messages of AWS's errors: the same text for the same error, in one short line, without secrets."""

import pytest

from xray_operator.aws.errors import MESSAGE_MAX, GatewayError, stable
from xray_operator.reasons import Reason

TOKEN = "FwoGZXIvYXdzEBYaDH+" + "a1B2/" * 40


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Signature not yet current: 20261129T154000Z is later than 20261129T153500Z (20261129T153000Z + 5 min.)",
            "Signature not yet current: … is later than … (… + 5 min.)",
        ),
        (
            "Token expired: current date/time 1764430000 must be before",
            "Token expired: current date/time … must be before",
        ),
        ("no access to account 111122223333", "no access to account 111122223333"),
        ("no (request id 1234)", "no"),
        (
            "expired at 2026-11-29T15:40:00Z, 2026-11-29 15:40:00 UTC and 2026-11-29T15:40:00.123+01:00",
            "expired at …, … and …",
        ),
        ("Date: Sun, 29 Nov 2026 15:40:00 GMT is too old", "Date: … is too old"),
        ("no (Service: X, Request ID: 0a1b2c3d-0000-1111-2222-333344445555)", "no (Service: X)"),
        ("failed 0a1b2c3d-0000-1111-2222-333344445555", "failed …"),
        (
            "User: arn:aws:sts::111122223333:assumed-role/operator/botocore-session-1764430000 is not authorized",
            "User: arn:aws:sts::111122223333:assumed-role/operator/… is not authorized",
        ),
        (
            "denied. Encoded authorization failure message: " + "Ab1-_" * 30,
            "denied. Encoded authorization failure message: …",
        ),
        (f"x-amz-security-token:{TOKEN}", "x-amz-security-token=…"),
        (f"the token {TOKEN} is not valid", "the token … is not valid"),
        (f"the token /{TOKEN} is not valid", "the token … is not valid"),
        (f"cannot read {'/a-long-folder' * 6}/token: no", f"cannot read {'/a-long-folder' * 6}/token: no"),
        ("Credential=AKIAIOSFODNN7EXAMPLE/20261129/us-east-1", "Credential=…"),
        ("key ASIAIOSFODNN7EXAMPLE is unknown", "key … is unknown"),
        ("cannot reach http://user:secret@proxy.test:8080/x", "cannot reach http://proxy.test:8080/x"),
        (
            "SignatureDoesNotMatch: no match.\n\nThe Canonical String should have been\n'POST /'",
            "SignatureDoesNotMatch: no match.",
        ),
        ("a\x1b[31mred\x00", "a\\x1b[31mred\\x00"),
        (
            "arn:aws:xray:eu-west-1:111122223333:sampling-rule/" + "x" * 32,
            "arn:aws:xray:eu-west-1:111122223333:sampling-rule/" + "x" * 32,
        ),
        ("\n", ""),
    ],
)
def test_message_is_stable_and_has_no_secret(message: str, expected: str) -> None:
    """A name or an ARN stays."""
    assert stable(message) == expected


def test_message_is_short() -> None:
    """It is published in conditions and events."""
    assert len(stable("word " * 200)) == MESSAGE_MAX


def test_every_error_has_a_stable_message() -> None:
    """Whoever raises it."""
    error = GatewayError(Reason.DENIED, "at 2026-11-29T15:40:00Z\nx")
    assert (error.message, str(error)) == ("at …", "at …")
