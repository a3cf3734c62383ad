"""``cordguard doctor``: whether this machine and this set-up can do the work. ``judge`` is pure, ``look`` looks."""
