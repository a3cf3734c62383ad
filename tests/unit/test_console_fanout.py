from __future__ import annotations

import json

from cordguard.console.fanout import BATCHES_MAX, Hub, Viewer


def taken(viewer: Viewer) -> list[dict[str, object]]:
    return [json.loads(message) for message in viewer.take()]


def test_of_the_numbers_only_the_newest_waits() -> None:
    viewer = Viewer(None)
    for number in range(100):
        viewer.offer_latest(b'{"n":%d}' % number)
    assert taken(viewer) == [{"seq": 1, "dropped": 0, "sound": "nobody", "frame": {"n": 99}}]


def test_a_slow_viewer_loses_the_oldest_points_and_is_told_how_many() -> None:
    viewer = Viewer(None)
    for number in range(BATCHES_MAX + 3):
        viewer.offer_batch(b'{"n":%d}' % number, points=10)
    messages = taken(viewer)
    assert len(messages) == BATCHES_MAX
    assert messages[0] == {"seq": 1, "dropped": 30, "sound": "nobody", "frame": {"n": 3}}


def test_a_slow_viewer_takes_nothing_from_the_others() -> None:
    hub = Hub()
    with hub.viewer("r", lambda: None) as slow, hub.viewer("r", lambda: None) as quick:
        received = 0
        for number in range(BATCHES_MAX * 3):
            for viewer in hub.rooms()["r"]:
                viewer.offer_batch(b"%d" % number, points=1)
            received += len(quick.take())
        assert (received, quick.dropped) == (BATCHES_MAX * 3, 0)
        assert slow.dropped == BATCHES_MAX * 2
    assert hub.count == 0


def test_messages_are_numbered_without_a_hole() -> None:
    viewer = Viewer(None)
    viewer.offer_batch(b"1", 1)
    viewer.offer_record(b"2")
    first = taken(viewer)
    viewer.offer_latest(b"3")
    assert [message["seq"] for message in first + taken(viewer)] == [1, 2, 3]


def test_a_whole_picture_replaces_what_waited() -> None:
    viewer = Viewer(None)
    viewer.offer_batch(b"1", 1)
    viewer.start_over(b"2")
    assert [message["frame"] for message in taken(viewer)] == [2]


def test_a_viewer_is_woken_whenever_something_waits() -> None:
    woken: list[int] = []
    viewer = Viewer(None, lambda: woken.append(1))
    viewer.offer_latest(b"1")
    viewer.offer_record(b"1")
    viewer.offer_batch(b"1", 1)
    assert len(woken) == 3
