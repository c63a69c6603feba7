"""What an experiment takes before it runs: jobs, time, memory, disk; and what fits into a budget."""
