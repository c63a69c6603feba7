"""From a trained model to outputs: search, and where the warmup comes from."""
