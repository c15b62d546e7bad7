"""The page of the sampling rules."""

from dataclasses import asdict

from xray_local.page.frame.exchange import Page, PageRequest
from xray_local.page.queries import all_items
from xray_local.page.sampling.rules import REQUEST_FIELDS, rule_lines, verdicts


async def show(request: PageRequest) -> Page:
    """Show every sampling rule in the order of evaluation with the counts that its clients reported."""
    records = list(all_items("GetSamplingRules", request.region, "SamplingRuleRecords"))
    statistics = all_items("GetSamplingStatisticSummaries", request.region, "SamplingStatisticSummaries")
    fields = {field: request.query.get(field, "").strip() for field in REQUEST_FIELDS}
    found = verdicts(records, fields)
    lines = rule_lines(records, statistics, found)
    return Page(
        title="Sampling rules",
        section="/rules",
        template="sampling/rules.html",
        context={"lines": lines, "fields": fields, "decided": bool(found)},
        data={"rules": [asdict(line) for line in lines]},
    )
