"""A needle in a phantom, as somebody published it: put against the physics that the simulators use."""
