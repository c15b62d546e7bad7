"""A recorded terminal in asciinema's format, version 2: a header, and a line for each piece of output with its time.

https://docs.asciinema.org/manual/asciicast/v2/
"""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tools.provide import ROOT

ROWS = 26
COLUMNS = 90


class RecordingError(Exception):
    """The command failed, or the file is not a recording; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Cast:
    """A command and its output: pairs of seconds since its start and text."""

    command: str
    columns: int
    output: tuple[tuple[float, str], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the recording in a file's text."""
        try:
            header, *events = map(json.loads, text.splitlines())
            output = tuple((float(at), str(data)) for at, kind, data in events if kind == "o")
            return cls(header["command"], header["width"], output)
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"not an asciicast of version 2: {error}") from error

    def __str__(self) -> str:
        header = {"version": 2, "width": self.columns, "height": ROWS, "command": self.command}
        events = [[round(at, 2), "o", data] for at, data in self.output]
        return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in (header, *events))


def record(command: str, cwd: Path = ROOT) -> Cast:
    """Run a command by the shell in a terminal of COLUMNS columns, and return what it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    started = time.monotonic()
    # A make inside a make prints which folder it enters.
    environ = {name: text for name, text in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    environ["TERM"] = "xterm-256color"
    with subprocess.Popen(command, shell=True, cwd=cwd, env=environ, stdin=theirs, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        output = _read(ours, started)
    os.close(ours)
    if run.returncode:
        raise RecordingError(f"{command} exited with {run.returncode}: {''.join(text for _, text in output)[-500:]}")
    return Cast(command, COLUMNS, output)


def _read(terminal: int, started: float) -> tuple[tuple[float, str], ...]:
    output: list[tuple[float, str]] = []
    pending = b""
    while data := _chunk(terminal):
        whole = (pending + data).decode(errors="ignore")  # a chunk may end within a character
        pending = (pending + data)[len(whole.encode()) :]
        output.append((time.monotonic() - started, whole))
    return tuple(output)


def _chunk(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's end of a terminal whose last process has exited
        return b""
