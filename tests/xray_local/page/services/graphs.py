"""Service graphs for the tests of this folder."""

from collections import Counter

from xray_local.traces.flags import Flag
from xray_local.traces.service_graph import CallStatistics, GraphService, Key

CLIENT, SHOP, STORE, TABLE = ("shop", "client"), ("shop", "AWS::ECS::Container"), ("store", ""), ("orders", "remote")


def calls(ok: int, faults: int = 0, *, throttles: int = 0, errors: int = 0, seconds: float = 0.1) -> CallStatistics:
    """Return calls that all took as long."""
    results: Counter[Flag | None] = Counter(
        {None: ok, Flag.FAULT: faults, Flag.THROTTLE: throttles, Flag.ERROR: errors}
    )
    total = results.total()
    return CallStatistics(results=results, seconds=total * seconds, histogram=Counter({seconds: total}))


def shop() -> dict[Key, GraphService]:
    """Return a client that calls a shop, which calls a store; a fifth of the store's calls of its table fail."""
    table = calls(8, 2, seconds=0.02)
    return {
        SHOP: GraphService(*SHOP, root=True, active=True, calls=calls(10), edges={STORE: calls(10)}),
        STORE: GraphService(*STORE, active=True, calls=calls(10, seconds=0.4), edges={TABLE: table}),
        TABLE: GraphService(*TABLE, calls=table),
        CLIENT: GraphService(*CLIENT, calls=calls(10), edges={SHOP: calls(10)}),
    }
