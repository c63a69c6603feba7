"""The method of the paper: objectives, sampling, scoring, and the loss."""
