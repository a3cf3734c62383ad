"""The rules about devices, links and ourselves: whether anybody still sees the patient."""

from __future__ import annotations

from typing import Final

from cordguard.engine.rules.definition import Rule, RuleLevel

TC_OPEN: Final = Rule(
    "R08",
    "tc_open",
    "technical",
    latching=False,
    levels=(
        RuleLevel("irreversible", "prompt", "a neural sensor is faulty while RF is on", "0.5 s", "5 good samples"),
        RuleLevel(
            "reversible",
            "prompt",
            "any sensor is faulty (open, short, out of range, invalid)",
            "0.5 s",
            "5 good samples",
        ),
    ),
    guidance="This sensor is blind. Stop RF if it guards a nerve; check its plug and cable, or replace it.",
    rationale="Blind at the nerve.",
    source="MAX31856 fault flags",
)

STALE: Final = Rule(
    "R14",
    "stale",
    "technical",
    latching=False,
    levels=(
        RuleLevel("irreversible", "prompt", "a neural sensor is silent for 2 s while RF is on", clears="5 samples"),
        RuleLevel("reversible", "prompt", "a sensor or generator is silent for 1 s or 3 periods", clears="5 samples"),
    ),
    guidance="The value shown last is no longer true. Check the device and its plug; stop RF if it guards a nerve.",
    rationale="Unknown must never look normal.",
    source="IEC 60601-1-8, 6.11",
)

SEQUENCE_FAULT: Final = Rule(
    "R15",
    "sequence_fault",
    "technical",
    latching=False,
    levels=(
        RuleLevel(
            "reversible",
            "prompt",
            "more than 1 % of a source's samples lost or out of order in 60 s",
            clears="60 s clean",
        ),
        RuleLevel("minor", "delayed", "a sample lost for 3 s, or numbers running backward", clears="60 s clean"),
    ),
    guidance="Samples of this device are lost on the way. Check the network and the device.",
    rationale="Loss, reordering and restarts must be seen.",
    source="MQTT 3.1.1, 4.4",
)

CLOCK_SKEW: Final = Rule(
    "R16",
    "clock_skew",
    "technical",
    latching=False,
    levels=(
        RuleLevel(
            "reversible",
            "prompt",
            "a source's clock is off by more than 2 s; its times are corrected",
            "5 s",
            "within 0.25 s",
        ),
        RuleLevel("minor", "delayed", "a source's clock is off by more than 0.5 s", "5 s", "within 0.25 s"),
    ),
    guidance="Set the clock of this device. Its values are used; times in the record are corrected while this stands.",
    rationale="Windows, dose and audit need one time axis.",
    source="engineering proposal",
)

SOURCE_OFFLINE: Final = Rule(
    "R17",
    "source_offline",
    "technical",
    latching=False,
    levels=(
        RuleLevel(
            "irreversible",
            "prompt",
            "a source is silent for 3 s or says offline while RF is on",
            clears="online and a new sample",
        ),
        RuleLevel(
            "reversible", "prompt", "a source is silent for 3 s or says offline", clears="online and a new sample"
        ),
    ),
    guidance="Nothing comes from this device. Stop RF if it guards a nerve; check its power and network.",
    rationale="One cause behind many silent sensors.",
    source="IEC 60601-1-8, 6.11",
)

NO_NEURAL_SENSOR: Final = Rule(
    "R33",
    "no_neural_sensor",
    "technical",
    latching=False,
    levels=(
        RuleLevel("irreversible", "prompt", "RF is on under near, breached or unknown and no neural sensor delivers"),
    ),
    guidance="Nobody watches the nerve. Stop RF until a neural sensor delivers temperatures.",
    rationale="At 10 mm or less, or with a breached wall, thermometry is required.",
    source="Nakatsuka 2009; AJNR 2019;40:1786",
)

ALARM_FLOOD: Final = Rule(
    "R37",
    "alarm_flood",
    "technical",
    latching=False,
    levels=(
        RuleLevel(
            "reversible",
            "prompt",
            "more than 10 new alarms in 10 min, or more than 5 in 30 s; what one lost device causes counts once",
            clears="fewer than 5 in 10 min",
        ),
        RuleLevel("minor", "prompt", "one alarm came 3 times in a minute", clears="not 3 times in the last minute"),
    ),
    guidance="Look at the HIGH alarms first, then for one cause behind the many: a device, a plug, a network.",
    rationale="Many alarms hide the one that matters; this one hides none.",
    source="ISA-18.2; EEMUA 191",
)

UNACKED_HIGH: Final = Rule(
    "R38",
    "unacked_high",
    "technical",
    latching=False,
    levels=(
        RuleLevel(
            "irreversible",
            "prompt",
            "a HIGH alarm holds and nobody acknowledged it",
            "30 s",
            "acknowledged, over, or no longer HIGH",
        ),
    ),
    guidance="Somebody must look at the alarm named here now, and acknowledge it; call for help.",
    rationale="An alarm that nobody answers reached nobody.",
    source="IEC 60601-1-8, amendment 2 (escalation)",
)

MONITOR_SELF: Final = Rule(
    "R39",
    "monitor_self",
    "technical",
    latching=False,
    levels=(
        RuleLevel(
            "irreversible",
            "prompt",
            "the monitor's loop lags by more than 500 ms, or less than 5 % of its disk is free",
            clears="10 s good",
        ),
        RuleLevel("reversible", "delayed", "the journals take 80 % of their budget on the disk", clears="10 s good"),
    ),
    guidance="The monitor itself is about to fail. Watch the devices; look for load or a full disk on its computer. If "
    "only the journals' budget is meant, somebody has to archive finished journals within days.",
    rationale="A monitor that fails in silence looks like a quiet patient.",
    source="ISO/IEEE 11073-10207, self-check; hazard H11",
)
"""What else may fail about the monitor has a voice of its own. A journal that cannot be written is R42. A service that
is not heard of is told by the watchdog and by the page (ALARM SYSTEM FAILURE). A store or ledger that cannot be written
is told by the health of the service that keeps it; it holds up no alarm."""

RF_WITHOUT_SESSION: Final = Rule(
    "R40",
    "rf_without_session",
    "technical",
    latching=False,
    levels=(RuleLevel("reversible", "prompt", "RF is on and no case is open, or a sensor is bound to none", "1 s"),),
    guidance="Open the case, or list this sensor in it: until then the strictest limits hold and nothing is on record.",
    rationale="Every patient is audited.",
    source="NICE IPG759, 1.1",
)

MONITOR_BLIND: Final = Rule(
    "R41",
    "monitor_blind",
    "technical",
    latching=True,
    levels=(
        RuleLevel(
            "irreversible",
            "prompt",
            "the monitor did not watch for a time in which RF was on",
            clears="when it has caught up",
        ),
        RuleLevel(
            "reversible", "prompt", "the monitor did not watch a case for a time", clears="when it has caught up"
        ),
    ),
    guidance="The monitor was blind for the time stated. Look at the patient and at the temperatures since then.",
    rationale="A silent gap looks like a quiet patient.",
    source="IEC 60601-1-8, 6.12",
)

JOURNAL_UNWRITABLE: Final = Rule(
    "R42",
    "journal_unwritable",
    "technical",
    latching=False,
    levels=(
        RuleLevel("irreversible", "prompt", "the journal cannot be written", clears="when it can be written again"),
    ),
    guidance="Alarms go on, but nothing is recorded and a restart would forget. Free disk space now.",
    rationale="Seeing wins over keeping, and says so.",
    source="hazard H16",
)

LATENCY_BUDGET: Final = Rule(
    "R43",
    "latency_budget",
    "technical",
    latching=False,
    levels=(
        RuleLevel(
            "reversible",
            "prompt",
            "99th percentile from input to alarm above 1 s, of the alarms since the last self-check",
            clears="below 0.5 s, or no alarm changed for 60 s",
        ),
    ),
    guidance="Alarms come late. Watch the device itself; look for load on the monitor's computer.",
    rationale="An alarm in time is the point of the monitor.",
    source="IEC 60601-1-8, 6.4; hazard H19",
)

SESSION_CONFLICT: Final = Rule(
    "R44",
    "session_conflict",
    "technical",
    latching=False,
    levels=(
        RuleLevel(
            "irreversible",
            "prompt",
            "a source's session stamp contradicts the open case",
            clears="5 samples that agree",
        ),
    ),
    guidance="This device believes it serves another patient. Check which case is open and what the device shows.",
    rationale="Wrong patient, wrong limits, wrong record.",
    source="hazard H15",
)

NO_ANNUNCIATOR: Final = Rule(
    "R46",
    "no_annunciator",
    "technical",
    latching=False,
    levels=(
        # Silence harms nobody by itself: harm needs a second event, an alarm that then goes unheard. Hence delayed.
        RuleLevel(
            "irreversible",
            "delayed",
            "RF is on and no page with its sound on was heard of",
            "10 s",
            "such a page is heard of, or RF is off",
        ),
    ),
    guidance="Nobody would hear an alarm. Open the room's page and switch its sound on; until then watch the screen.",
    rationale="An alarm that nobody can hear is none.",
    source="IEC 60601-1-8, 6.3.3",
)

CANARY: Final = Rule(
    "R47",
    "canary",
    "technical",
    latching=False,
    levels=(),
    guidance="None: the watchdog's own test of the chain.",
    rationale="A known alarm every second; silence is an alarm-system failure.",
    source="hazard H11",
)

COMMAND: Final = Rule(
    "R00",
    "command",
    "technical",
    latching=False,
    levels=(),
    guidance="The answer to a command.",
    rationale="Every command is answered.",
    source="architecture",
)
