"""Devices, tissue and people that do not exist: what the monitor is shown, tested and demonstrated with.

They publish what hardware would, over the same bus; nothing downstream can tell. They never see the engine that
judges them.
"""
