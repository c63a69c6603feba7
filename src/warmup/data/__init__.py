"""From sources of text to examples: records, tasks, preparation, batches."""
