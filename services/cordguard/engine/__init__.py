"""The safety engine: pure. Inputs in arrival order go in, alarm changes come out; time is an argument.

``room.RoomEngine`` is the one entry point; ``canary.CanaryEngine`` is its counterpart for the watchdog's canary.
"""
