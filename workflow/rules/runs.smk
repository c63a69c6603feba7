# Runs as targets, by their names: `snakemake shell_game/en/t5_tiny/warmup/seed11` trains that run
# and scores its outputs.

for RUN_NAME in PLAN.runs:

    rule:
        name:
            RUN_NAME
        input:
            PLAN.results_of(RUN_NAME),
        localrule: True
        message:
            f"{RUN_NAME} is there"
