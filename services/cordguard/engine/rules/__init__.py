"""The rules: what they mean (``catalogue``), and how they judge (one module for each kind of subject)."""
