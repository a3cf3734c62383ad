"""Simulators that stand in for hardware: physics, devices, operator, scenarios, player."""
