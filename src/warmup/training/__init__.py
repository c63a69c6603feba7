"""Training: the trainer, micro-batches, checkpoints, several processes."""
