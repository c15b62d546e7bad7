"""What the evaluator decided about traces, so that it evaluates a filter once for each trace."""

from collections import OrderedDict

FILTERS_MAX = 16  # with one byte for each trace
_UNKNOWN, _NO, _YES = 0, 1, 2


class Verdicts:
    """Verdicts by filter and by the sequence number of a trace."""

    def __init__(self) -> None:
        self._filters: OrderedDict[str, tuple[int, bytearray]] = OrderedDict()

    def get(self, key: str, seq: int) -> bool | None:
        """Return a verdict, None if there is none."""
        base, verdicts = self._filters.get(key, (0, b""))
        at = seq - base
        verdict = verdicts[at] if 0 <= at < len(verdicts) else _UNKNOWN
        return None if verdict == _UNKNOWN else verdict == _YES

    def put(self, key: str, seq: int, verdict: bool, *, first: int) -> None:
        """Keep a verdict; `first` is the lowest sequence number that is stored."""
        base, verdicts = self._filters.get(key, (first, bytearray()))
        if base < first - len(verdicts) // 2:  # half of it is about traces that are evicted
            verdicts = verdicts[first - base :]
            base = first
        if seq < base:
            return
        verdicts.extend(bytes(max(0, seq - base + 1 - len(verdicts))))
        verdicts[seq - base] = _YES if verdict else _NO
        self._filters[key] = base, verdicts
        self._filters.move_to_end(key)
        if len(self._filters) > FILTERS_MAX:
            self._filters.popitem(last=False)

    def forget(self, seqs: set[int]) -> None:
        """Forget what was decided about traces that have changed."""
        for base, verdicts in self._filters.values():
            for seq in seqs:
                if 0 <= seq - base < len(verdicts):
                    verdicts[seq - base] = _UNKNOWN

    def clear(self) -> None:
        """Forget everything."""
        self._filters.clear()
