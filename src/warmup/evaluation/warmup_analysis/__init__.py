"""What warmups are like, and which words outputs have."""
