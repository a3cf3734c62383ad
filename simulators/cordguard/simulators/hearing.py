"""What a run hears of the monitor: vitals, transitions, how far its clock already is, and whether that clock runs."""

from __future__ import annotations

from collections import deque
from typing import Final

from pydantic import ValidationError

from cordguard.bus.port import Delivery, Subscription
from cordguard.contract import topics
from cordguard.contract.alarms import PresentAlarms, Transition
from cordguard.contract.vitals import Vitals


class Hearing:
    """Collects deliveries. Vitals and transitions come at QoS 0 over one connection, so that their order holds."""

    def __init__(self, site: str, room: str) -> None:
        """For one room; nothing was heard yet."""
        vitals, transition, alarms = topics.VITALS, topics.TRANSITION, topics.ALARMS
        self._topics: Final = {
            vitals.at(site, room=room): self._on_vitals,
            transition.at(site, room=room): self._on_transition,
            alarms.at(site, room=room): self._on_alarms,
        }
        filters = (vitals.filter(site), transition.filter(site, room=room), alarms.filter(site, room=room))
        self.subscriptions: Final = tuple(Subscription(topic_filter, qos=0) for topic_filter in filters)
        """What to subscribe: vitals of every room, since one that is watched tells whose clock the monitor goes by."""
        self._transitions: deque[Transition] = deque()
        self.vitals: Vitals | None = None
        """The newest vitals."""
        self.monitor_runs = False
        """Whether vitals of any room came: the monitor's clock runs, and a simulated one stands still between runs."""
        self.session_since_us = 0
        """Which moment the first vitals describe that named the session which the newest ones name, or named none."""
        self.alarms_as_of_us: int | None = None
        """When the list of alarms was last published: how far the monitor's clock was, also in an earlier run."""
        self.unreadable = 0
        """Messages that this version does not understand; they are passed over."""

    def on_delivery(self, delivery: Delivery) -> None:
        """Take in a message."""
        message = delivery.message
        parsed = topics.parse(message.topic)
        self.monitor_runs |= parsed is not None and parsed.topic is topics.VITALS and not message.retained
        try:
            if message.topic in self._topics:
                self._topics[message.topic](message.payload)
        except ValidationError:
            self.unreadable += 1
        delivery.acknowledge()

    def take_transitions(self) -> tuple[Transition, ...]:
        """The transitions since the last call, in order."""
        taken = tuple(self._transitions)
        self._transitions.clear()
        return taken

    def _on_vitals(self, payload: bytes) -> None:
        vitals = Vitals.model_validate_json(payload)
        if self.vitals is None or self.vitals.session != vitals.session:
            self.session_since_us = vitals.as_of_us
        self.vitals = vitals

    def _on_transition(self, payload: bytes) -> None:
        self._transitions.append(Transition.model_validate_json(payload))

    def _on_alarms(self, payload: bytes) -> None:
        self.alarms_as_of_us = PresentAlarms.model_validate_json(payload).as_of_us
