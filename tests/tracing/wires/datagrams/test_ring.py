"""The ring keeps the newest datagrams that fit, and says how many it dropped."""

from cruddur_tracing.wires.datagrams.ring import Ring


def drained(ring: Ring) -> list[bytes]:
    datagrams = list(iter(ring.take, None))
    for _ in datagrams:
        ring.done()
    return datagrams


def test_the_oldest_make_room() -> None:
    """The bound is bytes, not a count."""
    ring = Ring(10)
    assert [ring.append(b"aaaa"), ring.append(b"bbbb"), ring.append(b"cccccc"), ring.append(b"d")] == [0, 0, 1, 1]
    assert (len(ring), drained(ring)) == (2, [b"cccccc", b"d"])


def test_one_that_is_larger_than_the_ring_is_dropped() -> None:
    """With all that came before it."""
    ring = Ring(3)
    assert [ring.append(b"a"), ring.append(b"bbbb"), len(ring)] == [0, 2, 0]


def test_what_is_put_back_is_the_oldest_again() -> None:
    """And the first to be dropped."""
    ring = Ring(4)
    ring.append(b"aa")
    ring.append(b"bb")
    assert (ring.take(), len(ring)) == (b"aa", 2)
    assert ring.put_back(b"aa") == 0
    assert drained(ring) == [b"aa", b"bb"]
    ring.append(b"aa")
    assert ring.take() == b"aa"
    ring.append(b"ccc")
    assert ring.put_back(b"aa") == 1
    assert (drained(ring), len(ring)) == ([b"ccc"], 0)


def test_a_closed_ring_drops_everything() -> None:
    """Also what comes after."""
    ring = Ring(10)
    ring.append(b"a")
    ring.append(b"b")
    ring.append(b"c")
    ring.take()
    assert [ring.close(), ring.append(b"d"), ring.put_back(b"a"), len(ring)] == [2, 1, 1, 0]
