"""Publish and subscribe: the port, its paho and in-memory adapters, and the embedded broker."""
