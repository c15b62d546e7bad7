"""Reads a Dockerfile into its stages, as far as our checks need it."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction, as `RUN` and what follows it; continued lines are joined."""

    instruction: str
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands from one FROM to the next; the lines before the first FROM are a stage without a base."""

    base: str
    name: str
    lines: tuple[Line, ...]

    def of(self, instruction: str) -> list[str]:
        """Return the texts of one kind of instruction."""
        return [line.text for line in self.lines if line.instruction == instruction]


def stages(file: Path) -> list[Stage]:
    """Read a Dockerfile."""
    found: list[tuple[str, list[Line]]] = [("", [])]
    rows = [row for row in file.read_text().splitlines() if row.strip() and not row.lstrip().startswith("#")]
    for row in "\n".join(rows).replace("\\\n", " ").splitlines():
        instruction, _, text = row.partition(" ")
        if instruction == "FROM":
            found.append((text, []))
        else:
            found[-1][1].append(Line(instruction, " ".join(text.split())))
    return [Stage(*_base_and_name(text), tuple(lines)) for text, lines in found]


def _base_and_name(text: str) -> tuple[str, str]:
    base, _, name = text.partition(" AS ")
    return base, name
