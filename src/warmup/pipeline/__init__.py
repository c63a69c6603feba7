"""What the workflow runs, and how results are kept, checked and made again."""
