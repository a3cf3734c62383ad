"""``cordguard check-device``: what is wrong with one source of a room, in plain words. Pure but for ``shell``."""
