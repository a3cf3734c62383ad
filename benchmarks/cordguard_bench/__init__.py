"""What the benchmarks share: load, watcher, brokers, contestants, and how figures are made of what was measured."""
