"""Devices and the person who works them: what they do, step by simulated step."""
