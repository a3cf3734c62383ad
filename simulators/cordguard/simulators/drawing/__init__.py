"""Pictures and films of a simulated ablation, for docs and teaching. A patient's page never shows such a field."""
