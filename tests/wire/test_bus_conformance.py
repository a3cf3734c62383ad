"""All buses keep the promises of the port: the one in memory, and paho on a NATS server and on mosquitto."""

from __future__ import annotations

import pytest

from cordguard.bus.port import Message, Will
from cordguard.bus.retained import read_retained
from cordguard.contract.topics import CASE, COMMAND, HEALTH, STATUS, SUMMARY, TEMPERATURE, TRANSITION, VITALS
from support.broker import Client, Rig, poll_until
from support.rigs import come_back, connect, settle


def temperature(site: str, source: str = "gen-1") -> str:
    return TEMPERATURE.at(site, room="or-1", source=source)


def test_a_message_arrives_as_it_was_published(rig: Rig, opened: list[Client], site: str) -> None:
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site))
    device = connect(rig, opened, "device")
    publication = device.bus.publish(temperature(site), b"\x00 not even text \xff")
    poll_until(lambda: safety.messages and publication.confirmed, safety, device)
    [message] = safety.messages
    assert message.topic == temperature(site)
    assert message.payload == b"\x00 not even text \xff"
    assert (message.qos, message.retained, message.duplicate) == (1, False, False)
    assert device.bus.unconfirmed == 0


def test_an_unacknowledged_message_comes_again_after_a_reconnect(rig: Rig, opened: list[Client], site: str) -> None:
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site), acknowledging=False)
    device = connect(rig, opened, "device")
    device.bus.publish(temperature(site), b"keep me")
    poll_until(lambda: safety.messages, safety, device)
    rig.cut(safety)
    poll_until(lambda: safety.losses and len(safety.messages) > 1, safety, what="the message to come again")
    assert safety.payloads == [b"keep me"] * 2
    assert safety.messages[1].duplicate
    assert safety.connects == [False, True]


def test_an_acknowledged_message_does_not_come_again(rig: Rig, opened: list[Client], site: str) -> None:
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site))
    device = connect(rig, opened, "device")
    device.bus.publish(temperature(site), b"kept")
    poll_until(lambda: safety.messages, safety, device)
    settle(safety, device)
    safety.bus.close()
    again = come_back(rig, opened, safety)
    device.bus.publish(temperature(site), b"next")
    poll_until(lambda: again.messages, again, device)
    settle(again, device, for_s=rig.patience_s)
    assert again.payloads == [b"next"]


def test_a_session_queues_500_messages_while_its_client_is_away(rig: Rig, opened: list[Client], site: str) -> None:
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site), VITALS.filter(site))
    safety.bus.close()
    device = connect(rig, opened, "device")
    for number in range(500):
        device.bus.publish(temperature(site), str(number).encode())
    settle(device)
    again = come_back(rig, opened, safety)
    poll_until(lambda: len(set(again.payloads)) >= 500, again, what="500 queued messages")
    first_of_each = list(dict.fromkeys(again.payloads))  # a busy machine outlasts the broker's patience: repeats
    assert first_of_each == [str(number).encode() for number in range(500)]
    assert again.connects == [True]


def test_qos_0_is_not_queued_for_a_client_that_is_away(rig: Rig, opened: list[Client], site: str) -> None:
    console = connect(rig, opened, "console", VITALS.filter(site), TRANSITION.filter(site))
    console.bus.close()
    safety = connect(rig, opened, "safety")
    safety.bus.publish(VITALS.at(site, room="or-1"), b"lost", qos=0)
    safety.bus.publish(TRANSITION.at(site, room="or-1"), b"queued")
    settle(safety)
    again = come_back(rig, opened, console)
    poll_until(lambda: again.messages, again)
    settle(again)
    assert again.payloads == [b"queued"]


def test_a_clean_session_is_forgotten(rig: Rig, opened: list[Client], site: str) -> None:
    console = connect(rig, opened, "console", TRANSITION.filter(site), clean=True)
    console.bus.close()
    safety = connect(rig, opened, "safety")
    safety.bus.publish(TRANSITION.at(site, room="or-1"), b"before")
    settle(safety)
    again = come_back(rig, opened, console)
    safety.bus.publish(TRANSITION.at(site, room="or-1"), b"after")
    poll_until(lambda: again.messages, again, safety)
    assert again.payloads == [b"after"]
    assert again.connects == [False]


def test_a_retained_message_waits_for_later_subscribers_until_cleared(
    rig: Rig, opened: list[Client], site: str
) -> None:
    device = connect(rig, opened, "device")
    topic = STATUS.at(site, room="or-1", source="gen-1")
    device.bus.publish(topic, b"older", retain=True)
    device.bus.publish(topic, b"online", retain=True)
    settle(device)
    console = connect(rig, opened, "console", STATUS.filter(site), clean=True)
    poll_until(lambda: console.messages, console)
    assert [(message.payload, message.retained) for message in console.messages] == [(b"online", True)]
    device.bus.publish(topic, b"offline", retain=True)
    poll_until(lambda: len(console.messages) > 1, console, device)
    assert [(message.payload, message.retained) for message in console.messages[1:]] == [(b"offline", False)]
    device.bus.publish(topic, b"", retain=True)
    settle(device)
    late = connect(rig, opened, "safety", STATUS.filter(site), clean=True)
    settle(late)
    assert late.messages == []


def test_wildcards_match_one_level_or_all_that_follow(rig: Rig, opened: list[Client], site: str) -> None:
    everything = connect(rig, opened, "safety", f"cordguard/v1/{site}/#")
    one_source = connect(rig, opened, "recorder", TEMPERATURE.filter(site, source="gen-1"))
    device = connect(rig, opened, "simulator")
    device.bus.publish(temperature(site, "gen-1"), b"1")
    device.bus.publish(temperature(site, "gen-2"), b"2")
    device.bus.publish(CASE.at(site, room="or-1"), b"3")
    device.bus.publish(temperature(f"{site}-next"), b"4")
    settle(everything, one_source, device)
    poll_until(lambda: len(everything.messages) >= 3 and one_source.messages, everything, one_source)
    assert everything.payloads == [b"1", b"2", b"3"], "one subscription keeps the order over its topics"
    assert one_source.payloads == [b"1"]


def test_overlapping_filters_lose_nothing(rig: Rig, opened: list[Client], site: str) -> None:
    safety = connect(rig, opened, "safety", f"cordguard/v1/{site}/#", TEMPERATURE.filter(site))
    device = connect(rig, opened, "device")
    device.bus.publish(temperature(site), b"1")
    device.bus.publish(temperature(site), b"2")
    poll_until(lambda: set(safety.payloads) == {b"1", b"2"}, safety, device)
    settle(safety, device)
    assert [safety.payloads.count(payload) for payload in (b"1", b"2")] == [rig.copies] * 2, "MQTT leaves it open"


def test_the_last_will_goes_out_when_a_client_vanishes(rig: Rig, opened: list[Client], site: str) -> None:
    topic = HEALTH.at(site, service="safety", instance="main")
    watchdog = connect(rig, opened, "watchdog", HEALTH.filter(site))
    safety = connect(rig, opened, "safety", will=Will(topic, b"failed"))
    rig.cut(safety)
    poll_until(lambda: watchdog.messages, watchdog, what="the last will")
    assert [(message.topic, message.payload) for message in watchdog.messages] == [(topic, b"failed")]
    console = connect(rig, opened, "console", HEALTH.filter(site))
    poll_until(lambda: console.messages, console)
    assert console.messages[0].retained


def test_no_last_will_goes_out_when_a_client_closes(rig: Rig, opened: list[Client], site: str) -> None:
    topic = HEALTH.at(site, service="safety", instance="main")
    watchdog = connect(rig, opened, "watchdog", HEALTH.filter(site))
    safety = connect(rig, opened, "safety", will=Will(topic, b"failed"))
    safety.bus.publish(topic, b"stopped", retain=True)
    safety.bus.close()
    poll_until(lambda: watchdog.messages, watchdog)
    settle(watchdog)
    assert watchdog.payloads == [b"stopped"], "close sends what was queued, and nothing after it"


def test_what_is_published_while_not_connected_goes_out_later_if_qos_1(
    rig: Rig, opened: list[Client], site: str
) -> None:
    recorder = connect(rig, opened, "recorder", TRANSITION.filter(site), VITALS.filter(site))
    safety = Client(rig.open_bus, rig.connection("safety"))
    opened.append(safety)
    first = safety.bus.publish(TRANSITION.at(site, room="or-1"), b"1")
    dropped = safety.bus.publish(VITALS.at(site, room="or-1"), b"dropped", qos=0)
    second = safety.bus.publish(TRANSITION.at(site, room="or-1"), b"2")
    assert not first.confirmed
    assert safety.bus.unconfirmed == 2
    poll_until(lambda: second.confirmed and len(recorder.messages) >= 2, safety, recorder)
    settle(recorder)
    assert recorder.payloads == [b"1", b"2"]
    assert first.confirmed
    assert not dropped.confirmed
    assert safety.bus.unconfirmed == 0


def test_queue_session_and_retained_outlive_a_crash_of_the_broker(
    own_rig: Rig, opened: list[Client], site: str
) -> None:
    away = connect(own_rig, opened, "audit", TRANSITION.filter(site))
    away.bus.close()
    holding = connect(own_rig, opened, "recorder", TRANSITION.filter(site), acknowledging=False)
    safety = connect(own_rig, opened, "safety")
    simulator = connect(own_rig, opened, "simulator")
    simulator.bus.publish(CASE.at(site, room="or-1"), b"case", retain=True)
    safety.bus.publish(TRANSITION.at(site, room="or-1"), b"before")
    settle(safety, simulator)
    poll_until(lambda: holding.messages, holding)
    own_rig.crash()
    poll_until(lambda: safety.losses and holding.losses, safety, holding, what="the loss to be noticed")
    assert not safety.bus.connected
    during = safety.bus.publish(TRANSITION.at(site, room="or-1"), b"during")
    safety.bus.poll(0.01)
    assert not during.confirmed
    own_rig.recover()
    poll_until(lambda: safety.bus.connected and during.confirmed, safety, timeout_s=20, what="safety to be back")
    poll_until(lambda: {b"before", b"during"} <= set(holding.payloads[1:]), holding, timeout_s=20)
    again = come_back(own_rig, opened, away)
    poll_until(lambda: len(again.messages) >= 2, again)
    assert again.payloads == [b"before", b"during"]
    assert (again.connects, holding.connects) == ([True], [False, True])
    [case] = read_retained(own_rig.open_bus, own_rig.connection("audit"), [CASE.filter(site)], quiet_s=0.1)
    assert case.payload == b"case"


def test_an_exception_of_a_handler_comes_out_of_poll_and_the_message_again(
    rig: Rig, opened: list[Client], site: str
) -> None:
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site))
    device = connect(rig, opened, "device")

    def fail(_message: Message) -> None:
        msg = "a bug of ours"
        raise ZeroDivisionError(msg)

    safety.react = fail
    device.bus.publish(temperature(site), b"poison")
    settle(device)
    with pytest.raises(ZeroDivisionError, match="a bug of ours"):
        poll_until(lambda: False, safety)
    rig.cut(safety)
    again = come_back(rig, opened, safety)
    poll_until(lambda: again.messages, again)
    assert again.payloads == [b"poison"]


def test_what_a_handler_publishes_goes_out_at_once(rig: Rig, opened: list[Client], site: str) -> None:
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site))
    audit = connect(rig, opened, "audit", TRANSITION.filter(site))
    device = connect(rig, opened, "device")

    def raise_alarm(_message: Message) -> None:
        safety.bus.publish(TRANSITION.at(site, room="or-1"), b"alarm")

    safety.react = raise_alarm
    device.bus.publish(temperature(site), b"hot")
    poll_until(lambda: safety.messages, safety)
    poll_until(lambda: audit.messages, audit, what="the alarm, while safety is not polled")
    assert audit.payloads == [b"alarm"]


def test_acknowledging_over_a_new_connection_is_harmless(rig: Rig, opened: list[Client], site: str) -> None:
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site), acknowledging=False)
    device = connect(rig, opened, "device")
    device.bus.publish(temperature(site), b"held")
    poll_until(lambda: safety.messages, safety, device)
    rig.cut(safety)
    safety.deliveries[0].acknowledge()
    poll_until(lambda: len(safety.messages) > 1, safety, device)
    safety.deliveries[0].acknowledge()
    safety.deliveries[0].acknowledge()
    settle(safety)
    seen = len(safety.messages)
    rig.cut(safety)
    poll_until(lambda: len(safety.messages) > seen, safety, what="what was not acknowledged on its own connection")
    assert set(safety.payloads) == {b"held"}


def test_on_connected_comes_before_what_the_session_queued(rig: Rig, opened: list[Client], site: str) -> None:
    safety = connect(rig, opened, "safety", TEMPERATURE.filter(site))
    safety.bus.close()
    device = connect(rig, opened, "device")
    device.bus.publish(temperature(site), b"queued")
    settle(device)
    again = Client(rig.open_bus, safety.connection)
    opened.append(again)
    connects_at_delivery: list[int] = []
    again.react = lambda _message: connects_at_delivery.append(len(again.connects))
    poll_until(lambda: again.messages, again)
    assert connects_at_delivery == [1]


def test_a_second_client_with_the_same_id_takes_over(rig: Rig, opened: list[Client], site: str) -> None:
    first = connect(rig, opened, "safety", TEMPERATURE.filter(site))
    second = come_back(rig, opened, first)
    device = connect(rig, opened, "device")
    device.bus.publish(temperature(site), b"1")
    poll_until(lambda: second.messages, second, device)
    assert second.payloads == [b"1"]
    assert first.messages == []
    assert second.connects == [True]


def test_nothing_is_lost_on_a_client_that_publishes_and_hears_at_once(
    rig: Rig, opened: list[Client], site: str
) -> None:
    """Its confirmations and what it hears come mixed, many in one piece."""
    console = connect(rig, opened, "console", VITALS.filter(site), clean=True)
    safety = connect(rig, opened, "safety")
    commands = []
    for number in range(300):
        safety.bus.publish(VITALS.at(site, room="or-1"), b"%d" % number, qos=0)
        commands.append(console.bus.publish(COMMAND.at(site, room="or-1"), b"{}"))
    poll_until(lambda: len(console.messages) >= 300 and all(command.confirmed for command in commands), console, safety)
    assert console.payloads == [b"%d" % number for number in range(300)]


def test_retained_messages_are_read_on_a_session_of_their_own(rig: Rig, opened: list[Client], site: str) -> None:
    simulator = connect(rig, opened, "simulator")
    simulator.bus.publish(CASE.at(site, room="or-1"), b"case 1", retain=True)
    simulator.bus.publish(CASE.at(site, room="or-2"), b"case 2", retain=True)
    simulator.bus.publish(STATUS.at(site, room="or-1", source="gen-1"), b"online", retain=True)
    simulator.bus.publish(TEMPERATURE.at(site, room="or-1", source="gen-1"), b"live")
    settle(simulator)
    found = read_retained(rig.open_bus, rig.connection("safety"), [CASE.filter(site), STATUS.filter(site)], quiet_s=0.1)
    assert {message.topic: message.payload for message in found} == {
        CASE.at(site, room="or-1"): b"case 1",
        CASE.at(site, room="or-2"): b"case 2",
        STATUS.at(site, room="or-1", source="gen-1"): b"online",
    }
    assert all(message.retained for message in found)
    assert read_retained(rig.open_bus, rig.connection("audit"), [SUMMARY.filter(site)], quiet_s=0.1) == ()


def test_reading_retained_messages_without_a_broker_says_where_it_looked(own_rig: Rig, site: str) -> None:
    connection = own_rig.connection("safety")
    own_rig.crash()
    with pytest.raises(TimeoutError, match=f"no broker could be reached at 127.0.0.1:{connection.port} within 0.2 s"):
        read_retained(own_rig.open_bus, connection, [CASE.filter(site)], timeout_s=0.2)


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "nul\0", "x" * 65_536])
def test_a_topic_that_cannot_be_published_to_is_a_bug_of_ours(rig: Rig, opened: list[Client], topic: str) -> None:
    device = connect(rig, opened, "device")
    with pytest.raises(ValueError, match="is no topic to publish to"):
        device.bus.publish(topic, b"")
    assert device.bus.unconfirmed == 0


def test_closing_twice_and_polling_after_it_do_nothing(rig: Rig, opened: list[Client]) -> None:
    device = connect(rig, opened, "device")
    device.bus.close()
    device.bus.close()
    device.bus.poll(0)
    assert not device.bus.connected
    assert device.losses == []
