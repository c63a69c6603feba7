"""Speed and memory of training and generation, compared with a direct implementation and a peer.

`make bench` runs it all; docs/benchmarks.md says what is measured and how to read the tables.
"""
