"""The wire contract, version 1: every topic and every payload that crosses the broker, and the capture file.

Imports pydantic and nothing of ours, so that any program may depend on it alone.
"""
