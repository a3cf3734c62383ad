"""Console: the live page, and the way of a person's commands."""
