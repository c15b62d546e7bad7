"""Counts, not times: what is lost or doubled when processes stop and sinks fail, ours beside the stock recorders.

Each answered request carries a trace id that the client chose and a decision to sample; two sinks say which arrived.
"""

from collections.abc import Callable, Sequence

from bench.loss import report
from bench.loss.rows import Row
from bench.loss.scenarios import Effort, Run
from bench.loss.trial import RECORDINGS
from bench.processes import cores
from bench.sinks.client import running_sinks


def run(rows: Sequence[Row], effort: Effort, say: Callable[[str], None]) -> list[str]:
    """Run the rows with each recorder, print the table, and return the promises that were not kept."""
    lines, broken = [], []
    with running_sinks(1.0, set.union(*cores())) as sinks:
        for row in rows:
            for recorder in RECORDINGS:
                outcome = row.run(Run(sinks, recorder, row.worker, effort))
                lines.append(report.cells(row, recorder, outcome))
                say(f"loss: {' | '.join(lines[-1])}")
                if recorder == "ours":
                    broken += [f"{row.key}: {text}" for text in row.promise(outcome)]
    print(report.markdown(lines))
    return broken
