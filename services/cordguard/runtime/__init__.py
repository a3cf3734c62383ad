"""What the shells of all services share: settings, clocks, process life cycle, health, logging."""
