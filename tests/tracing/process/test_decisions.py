"""What the process's sampling rules and its wires have to do with each other."""

from cruddur_tracing.process.decisions import Decisions
from cruddur_tracing.resilience.failures import Failures
from cruddur_tracing.resilience.network.address import Address
from tests.tracing.sampling.scripted_agent import answer, scripted_agent
from tests.tracing.served import until


def test_the_poller_reports_whether_the_agent_can_be_reached() -> None:
    """By its address, for the segments may go to another agent by then."""
    reports: list[tuple[Address, bool]] = []
    with scripted_agent(answer()) as agent:
        decisions = Decisions(agent.address, Failures(), 0, lambda *report: reports.append(report))
        decisions.rules.start()
        until(lambda: decisions.rules.rule_names)
        decisions.rules.stop()
    assert set(reports) == {(agent.address, True)}
    reports.clear()
    decisions.change_agent(agent.address)
    decisions.rules.start()
    until(lambda: reports)
    decisions.rules.stop()
    assert set(reports) == {(agent.address, False)}
