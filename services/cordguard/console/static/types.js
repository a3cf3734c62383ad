// @ts-check
/**
 * What the server sends. Times are microseconds since 1970 UTC, ages milliseconds.
 *
 * @typedef {"fresh" | "stale" | "unknown"} Freshness
 * @typedef {"high" | "medium" | "low" | "info"} Priority
 *
 * @typedef {"here" | "elsewhere" | "nobody"} SoundOwner
 *
 * @typedef {object} Envelope
 * @property {number} seq running number of this connection's messages
 * @property {number} dropped points this page did not get because it was too slow
 * @property {SoundOwner} sound which page sounds the alarms of the room
 * @property {Latest | RecordFrame | Batch} frame
 *
 * @typedef {object} Sensor
 * @property {string} sensor
 * @property {"neural" | "tissue" | "probe" | "edge"} role
 * @property {string | null} structure
 * @property {number | null} distance_mm
 * @property {Freshness} state
 * @property {number | null} age_ms
 * @property {number | null} temperature_c
 * @property {string | null} fault
 * @property {number | null} slope_c_per_s
 * @property {number} cem43_min
 * @property {boolean} dose_estimated
 * @property {{warn_c: number, stop_c: number, cem43_min: number} | null} limits
 * @property {{limit_in_s?: number | null, peak_if_stopped_c?: number | null, peak_sd_c?: number | null} | null} forecast
 *
 * @typedef {object} Generator
 * @property {Freshness} state
 * @property {number} age_ms
 * @property {"on" | "off" | "unknown"} rf
 * @property {number | null} power_w
 * @property {number | null} impedance_ohm
 * @property {number | null} energy_j
 *
 * @typedef {object} Numerals
 * @property {Freshness} state
 * @property {number | null} age_ms
 * @property {string | null} profile
 * @property {string | null} policy
 * @property {boolean} case_pending
 * @property {number | null} latency_p99_ms
 * @property {Sensor[]} sensors
 * @property {Generator} generator
 *
 * @typedef {object} Alarm
 * @property {string} alarm_id
 * @property {string} rule
 * @property {string} name
 * @property {string | null} sensor
 * @property {string} kind
 * @property {Priority} priority
 * @property {string} symbol
 * @property {string} word
 * @property {"fast" | "slow" | "none"} flash
 * @property {string[]} states
 * @property {string} message
 * @property {string} guidance
 * @property {number} since_us
 * @property {number} for_s
 * @property {number | null} value
 * @property {number | null} limit
 * @property {boolean} can_acknowledge
 * @property {boolean} can_reset
 *
 * @typedef {object} Alarms
 * @property {"current" | "last-known" | "unknown"} state
 * @property {number | null} age_ms
 * @property {number | null} audio_paused_for_s
 * @property {number | null} reminded_for_s how long ago an alarm reminded of itself
 * @property {Alarm[]} present
 *
 * @typedef {object} CaseStanding
 * @property {"taken" | "pending" | "waiting" | "not-taken" | "unconfirmed"} standing
 * @property {string} text empty if all is well
 *
 * @typedef {object} Latest
 * @property {"latest"} kind
 * @property {number} server_us
 * @property {number} clock_us
 * @property {number | null} source_us
 * @property {boolean} simulated
 * @property {boolean} stands_still
 * @property {boolean} foreign_clock a simulated run is on the broker, and this page goes by real time
 * @property {boolean} connected
 * @property {string | null} room
 * @property {{room: string, case_open: boolean, priority: Priority | null, symbol: string}[]} rooms
 * @property {string[]} failures
 * @property {Numerals | null} numerals
 * @property {CaseStanding | null} case_standing how the room's case stands with safety
 * @property {Alarms} alarms
 * @property {{command_id: string, action: string, alarm_id: string | null, outcome: string, text: string}[]} commands
 * @property {{source: string, state: string, age_ms: number, model: string | null}[]} sources
 * @property {{service: string, instance: string, state: string}[]} services
 * @property {number} rejected_count
 * @property {string | null} rejected_reason
 * @property {string[]} left_out of what there is more than is kept
 *
 * @typedef {object} RecordFrame
 * @property {"record"} kind
 * @property {number} server_us
 * @property {number} stale_ms
 * @property {number} unknown_ms
 * @property {any} case
 * @property {any} summary
 * @property {string[]} unquotable sensors of the summary whose dose is exceeded beyond any number
 * @property {{at_us: number, change: string, priority: Priority, symbol: string, name: string, sensor: string | null,
 *   message: string, actor: string | null, late: boolean}[]} events
 * @property {{at_us: number, priority: Priority, symbol: string}[]} marks
 *
 * @typedef {object} Batch
 * @property {"batch"} kind
 * @property {number} server_us
 * @property {boolean} whole
 * @property {Record<string, [number, number | null][]>} traces
 */
export {};
