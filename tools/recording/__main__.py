"""Record a command in a terminal, and draw the recording.

`python -m tools.recording docs/images/demo 'make demo ONCE=1'` writes docs/images/demo.cast, demo-light.svg and
demo-dark.svg. Without a command the recording in demo.cast is drawn again.
"""

import argparse
import sys
from pathlib import Path

from tools.recording.cast import Cast, RecordingError, record
from tools.recording.svg import THEMES, draw


def main() -> int:
    """Exit 0 when the pictures are written, 1 when the command fails or the recording cannot be read."""
    parser = argparse.ArgumentParser(prog="recording", description="Record a command in a terminal, and draw it.")
    parser.add_argument("picture", help="path without .cast, -light.svg and -dark.svg")
    parser.add_argument("command", nargs="?", help="run by the shell (default: draw the recording again)")
    arguments = parser.parse_args()
    file = Path(f"{arguments.picture}.cast")
    try:
        if arguments.command:
            file.write_text(str(record(arguments.command)))
        cast = Cast.parse(file.read_text())
    except (RecordingError, OSError) as error:
        print(f"recording: {error}", file=sys.stderr)
        return 1
    for name, theme in THEMES.items():
        path = Path(f"{arguments.picture}-{name}.svg")
        path.write_text(draw(cast, theme))
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
