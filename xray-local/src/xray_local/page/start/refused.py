"""What AWS would refuse, drop or not expect in what was sent here."""

from dataclasses import asdict

from xray_local.page.frame.exchange import Page, PageRequest


async def show(request: PageRequest) -> Page:
    """Show each kind of problem with its count, the last one first."""
    problems = [asdict(problem) for problem in request.region.problems.newest()]
    found = {"problems": problems}
    return Page(title="Refused or odd", section="/refused", template="start/refused.html", context=found, data=found)
