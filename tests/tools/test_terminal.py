"""The picture of a terminal: what commands wrote, as they wrote it."""

import pytest

from tools.browser.terminal import CommandFailedError, Shown, page, run


def test_a_command_is_shown_with_what_it_wrote_on_both_streams() -> None:
    """As a terminal shows them."""
    assert run("echo out; echo err >&2") == Shown("echo out; echo err >&2", "out\nerr")


def test_what_is_written_is_text_and_not_markup() -> None:
    """A pod's <none> would else be missing."""
    assert "<b>$ kubectl get a &amp;&amp; true</b>\nNODE\n&lt;none&gt;\n\n<b>$ true</b></pre>" in page(
        [Shown("kubectl get a && true", "NODE\n<none>"), Shown("true", "")]
    )


def test_a_command_that_fails_is_named_with_its_complaint() -> None:
    """No picture of an error by mistake."""
    with pytest.raises(CommandFailedError, match=r"^echo no such pod; exit 3: exit code 3: no such pod$"):
        run("echo no such pod; exit 3")
