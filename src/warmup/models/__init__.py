"""Networks: one interface, architectures, checkpoints."""
