"""Recorder: commits telemetry, vitals and transitions to its own store, then ships them to InfluxDB."""
