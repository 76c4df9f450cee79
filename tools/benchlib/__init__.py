"""The parts of tools/bench.py. Whatever is measured runs in a process of its own; this side imports nothing heavy."""
