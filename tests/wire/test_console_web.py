from __future__ import annotations

import json

import pytest
from websockets.exceptions import InvalidStatus

from cordguard.contract import topics
from cordguard.contract.case import Case
from cordguard.contract.commands import Command
from support.console_messages import ROOM, SITE, T0_US, alarm, alarms, at, incoming, transition, vitals
from support.console_web import TOKEN, Web, deaf_socket
from support.console_web import next_frame as frame
from support.waiting import wait_until

CASE = f"/api/rooms/{ROOM}/case"
COMMANDS = f"/api/rooms/{ROOM}/commands"


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/person", "/static/nothing", "/docs", "/openapi.json"])
def test_without_a_session_nothing_is_served(web: Web, path: str) -> None:
    answer = web.client.get(path)
    assert answer.status_code == 401
    assert "one-time login link" in answer.text


def test_without_a_session_nothing_can_be_posted_and_no_socket_opened(web: Web) -> None:
    assert web.post(CASE, {}).status_code == 401
    with pytest.raises(InvalidStatus, match="403"), web.socket():
        pass


def test_the_login_link_works_once(web: Web) -> None:
    assert web.log_in().status_code == 200
    assert web.client.get("/").status_code == 200
    web.client.cookies.clear()
    again = web.log_in()
    assert again.status_code == 403
    assert "used already" in again.text
    assert web.client.get("/").status_code == 401


def test_a_wrong_token_opens_nothing_and_spends_nothing(web: Web) -> None:
    for token in ("", "x", TOKEN + "x", TOKEN[:-1], "ü"):
        assert web.client.get("/login", params={"token": token}).status_code == 403
    assert web.log_in().status_code == 200


def test_the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(web: Web) -> None:
    cookie = web.log_in().headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie


@pytest.mark.parametrize("path", ["/", "/static/chart.js", "/login", "/no-such-page"])
def test_every_answer_forbids_what_is_not_ours(web: Web, path: str) -> None:
    web.log_in()
    headers = web.client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9"])
def test_h26_another_sites_page_can_neither_post_nor_listen(web: Web, origin: str) -> None:
    web.log_in()
    assert web.post(CASE, {}, origin=origin).status_code == 403
    with pytest.raises(InvalidStatus, match="403"), web.socket(origin=origin):
        pass
    assert web.outgoing() == []


def test_a_foreign_name_that_points_here_is_not_served(web: Web) -> None:
    web.log_in()
    answer = web.client.get("/", headers={"host": "evil.example:8080"})
    assert answer.status_code == 421


def test_the_form_opens_a_case_that_the_broker_keeps(web: Web) -> None:
    web.log_in()
    answer = web.post(CASE, {"procedure": "proc-7", "profile": "near", "sensors": []})
    assert answer.status_code == 202
    (outgoing,) = web.outgoing()
    case = Case.model_validate_json(outgoing.payload)
    assert (outgoing.topic, outgoing.retain) == (topics.CASE.at(SITE, room=ROOM), True)
    assert (case.state, case.revision, case.actor, case.opened_us) == ("open", 0, "dr-7", T0_US)
    assert case.session == answer.json()["session"]


def test_a_form_sent_twice_before_the_broker_brings_the_case_back_opens_one_case(web: Web) -> None:
    web.log_in()
    answers = [web.post(CASE, {"procedure": "proc-7", "sensors": []}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 422]
    assert "A case is open in this room" in answers[1].json()["errors"]["form"]
    closings = [web.post(f"{CASE}/close", {}).status_code for _ in range(2)]
    assert closings == [202, 422]
    assert [Case.model_validate_json(sent.payload).state for sent in web.outgoing()] == ["open", "closed"]


def test_closing_sends_the_next_revision(web: Web) -> None:
    web.log_in()
    case = Case(session="s-1", revision=4, state="open", opened_us=T0_US, level="T8")
    web.hear(incoming(topics.CASE, case, at(0)))
    assert web.post(f"{CASE}/close", {}).status_code == 202
    closed = Case.model_validate_json(web.outgoing()[0].payload)
    assert (closed.state, closed.revision, closed.level) == ("closed", 5, "T8")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"procedure": ""}, "procedure"),
        ({"procedure": "p", "sensors": [{"sensor": "canal 1", "role": "neural"}]}, "sensors.0.sensor"),
        ({"procedure": "p", "sensors": [{"sensor": "gen-1/canal", "role": "neural"}] * 65}, "sensors"),
        ({"procedure": "p", "power_w": 10}, "form"),
        ([], "form"),
        ("{", "form"),
    ],
)
def test_a_wrong_form_is_answered_field_by_field_and_nothing_is_sent(web: Web, body: object, field: str) -> None:
    web.log_in()
    answer = web.post(CASE, body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert "Traceback" not in answer.text
    assert web.outgoing() == []


@pytest.mark.parametrize("room", ["services", "canary", "Room 1", "a" * 64])
def test_no_case_is_opened_in_a_room_that_cannot_be(web: Web, room: str) -> None:
    web.log_in()
    assert web.post(f"/api/rooms/{room}/case", {"procedure": "p"}).status_code == 422
    assert web.outgoing() == []


def test_a_command_goes_out_with_the_person_that_the_page_was_told(web: Web) -> None:
    web.log_in()
    web.hear(incoming(topics.ALARMS, alarms(at(0), alarm()), at(0)))
    assert web.post("/api/person", {"actor": "nurse-2", "role": "nurse"}).status_code == 200
    answer = web.post(COMMANDS, {"action": "acknowledge", "alarm_id": "0" * 32})
    assert answer.status_code == 202
    command = Command.model_validate_json(web.outgoing()[0].payload)
    assert (command.actor, command.role, command.command_id) == ("nurse-2", "nurse", answer.json()["command_id"])
    assert command.expires_us - command.at_us == 10_000_000


def test_h26_a_reset_wants_a_second_confirmation(web: Web) -> None:
    web.log_in()
    web.hear(incoming(topics.ALARMS, alarms(at(0), alarm()), at(0)))
    answer = web.post(COMMANDS, {"action": "reset", "alarm_id": "0" * 32})
    assert answer.status_code == 409
    assert "second confirmation" in answer.json()["errors"]["form"]
    assert web.outgoing() == []


@pytest.mark.parametrize("action", ["audio-off", "alarm-off", "silence", "disable", "set-limit"])
def test_a10_a14_no_request_turns_alarms_off_or_changes_a_limit(web: Web, action: str) -> None:
    web.log_in()
    web.hear(incoming(topics.VITALS, vitals(at(0)), at(0)))
    answer = web.post(COMMANDS, {"action": action, "alarm_id": "0" * 32, "confirmed": True})
    assert answer.status_code == 422
    assert answer.json()["errors"]["form"].startswith("action: ")
    for path in ("/api/policy", "/api/limits", "/api/rules", "/api/ledger", f"/api/rooms/{ROOM}/limits"):
        assert web.post(path, {}).status_code == 404
    assert web.outgoing() == []


@pytest.mark.parametrize("actor", ["Mrs Smith", "", "x" * 129])
def test_nobody_acts_under_a_name(web: Web, actor: str) -> None:
    web.log_in()
    answer = web.post("/api/person", {"actor": actor, "role": "nurse"})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["actor"]


def test_without_a_broker_nothing_is_sent_and_the_answer_says_so(web: Web) -> None:
    web.log_in()
    web.hear(incoming(topics.ALARMS, alarms(at(0), alarm()), at(0)))
    web.exchange.connected = False
    for path, body in ((CASE, {"procedure": "p"}), (f"{CASE}/close", {}), (COMMANDS, {"action": "resume-audio"})):
        answer = web.post(path, body)
        assert answer.status_code == 503
        assert "nothing was sent" in answer.json()["errors"]["form"]
    assert web.outgoing() == []


def test_every_message_to_a_page_carries_number_source_time_and_server_time(web: Web) -> None:
    web.log_in()
    web.hear(incoming(topics.VITALS, vitals(at(-20)), at(0)))
    with web.socket(ROOM) as socket:
        messages = [json.loads(socket.recv(timeout=5)) for _ in range(6)]
    assert [message["seq"] for message in messages] == [1, 2, 3, 4, 5, 6]
    assert {message["frame"]["kind"] for message in messages} == {"batch", "record", "latest"}
    for message in messages:
        assert message["frame"]["server_us"] == at(0).server_us
        assert message["frame"]["source_us"] == at(-20).clock_us


def test_limits_come_with_the_numbers(web: Web) -> None:
    web.log_in()
    web.hear(incoming(topics.VITALS, vitals(at(0)), at(0)))
    with web.socket(ROOM) as socket:
        numbers = frame(socket, "latest")["numerals"]
    assert numbers["sensors"][0]["limits"] == {"warn_c": 42.0, "stop_c": 45.0, "cem43_min": 5.0}
    assert (numbers["profile"], numbers["policy"][:7]) == ("near", "sha256:")


def test_a_page_gets_the_past_first_and_then_only_what_is_new(web: Web) -> None:
    web.log_in()
    readings = '"readings":[{"sensor":"canal","temperature_c":38.0}]'

    def reading(seq: int, ms: int) -> None:
        payload = f'{{"seq":{seq},"at_us":{at(ms).clock_us},{readings}}}'.encode()
        web.exchange.bring(incoming(topics.TEMPERATURE, payload, at(ms), room=ROOM, source="gen-1"))

    reading(1, -400)
    reading(2, -300)
    with web.socket(ROOM) as socket:
        first = frame(socket, "batch")
        while "gen-1/canal" not in first["traces"]:
            first = frame(socket, "batch")
        reading(3, -200)
        reading(4, -100)
        second = frame(socket, "batch")
    points = [*first["traces"]["gen-1/canal"], *second["traces"]["gen-1/canal"]]
    assert [at_us for at_us, _ in points] == [at(ms).clock_us for ms in (-400, -300, -200, -100)]
    assert second["whole"] is False


def test_the_answer_of_the_alarm_system_reaches_the_page(web: Web) -> None:
    web.log_in()
    web.hear(incoming(topics.ALARMS, alarms(at(0), alarm()), at(0)))
    command_id = web.post(COMMANDS, {"action": "acknowledge", "alarm_id": "0" * 32}).json()["command_id"]
    with web.socket(ROOM) as socket:
        assert frame(socket, "latest")["commands"][0]["outcome"] == "waiting"
        refused = transition("refused", rule="R00", name="command", command_id=command_id, message="Already seen.")
        web.exchange.bring(incoming(topics.TRANSITION, refused, at(0)))
        shown = frame(socket, "latest")
        while shown["commands"][0]["outcome"] == "waiting":
            shown = frame(socket, "latest")
    assert (shown["commands"][0]["outcome"], shown["commands"][0]["text"]) == ("refused", "Already seen.")


def test_a_page_that_chose_no_room_gets_the_first_that_appears(web: Web) -> None:
    web.log_in()
    with web.socket() as socket:
        assert frame(socket, "latest")["room"] is None
        web.exchange.bring(incoming(topics.VITALS, vitals(at(0)), at(0)))
        shown = frame(socket, "latest")
        while shown["room"] is None:
            shown = frame(socket, "latest")
    assert shown["room"] == ROOM


def test_an_alarm_of_another_room_is_in_sight(web: Web) -> None:
    web.log_in()
    web.hear(
        incoming(topics.VITALS, vitals(at(0)), at(0), room="a-room"),
        incoming(topics.ALARMS, alarms(at(0), alarm()), at(0), room="b-room"),
    )
    with web.socket("a-room") as socket:
        rooms = frame(socket, "latest")["rooms"]
    assert [(room["room"], room["symbol"]) for room in rooms] == [("a-room", ""), ("b-room", "!!!")]


def test_a_page_that_reads_nothing_delays_no_other_page(web: Web) -> None:
    web.log_in()
    crowd = [
        sensor.model_copy(update={"sensor": f"gen-1/s{n}"}) for n in range(200) for sensor in vitals(at(0)).sensors
    ]
    web.hear(incoming(topics.VITALS, vitals(at(0)).model_copy(update={"sensors": tuple(crowd)}), at(0)))
    with deaf_socket(web, ROOM), web.socket(ROOM) as quick:
        wait_until(lambda: web.desk.hub.count == 2, what="both pages")
        for number in range(20):
            payload = f'{{"seq":{number},"at_us":{at(number * 100 - 1_900).clock_us},"rf_on":true,"power_w":9.0}}'
            web.hear(incoming(topics.GENERATOR, payload.encode(), at(0), room=ROOM, source="gen-1"))
            frame(quick, "latest")
        wait_until(lambda: max(viewer.waiting for viewer in web.desk.hub.viewers) > 5, what="a page that lags behind")
        frame(quick, "latest")
        assert min(viewer.waiting for viewer in web.desk.hub.viewers) == 0
