"""What an experiment takes before it runs: jobs, time, memory, disk; what fits into a budget."""
