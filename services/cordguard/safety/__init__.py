"""Safety: journals every input, advances the engine, publishes what it says."""
