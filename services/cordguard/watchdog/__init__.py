"""Watchdog: the canary that speaks when the alarm chain does not answer."""
