"""What warmups are like, and which words of the references outputs have."""
