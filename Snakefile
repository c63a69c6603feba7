"""Warmup Generations: from data to tables and figures. `snakemake --cores N` runs config.yaml."""

from snakemake.utils import min_version

min_version("9.0")

# A configuration given with --configfile stands for itself; merging it into the default
# experiment would mix their models and methods.
if "runs" not in config:

    configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"


report: "workflow/report/workflow.rst"


localrules:
    all,


rule all:
    default_target: True
    input:
        rules.tables.output,
        rules.figures.output,
        rules.report.output,


onsuccess:
    shell(
        f"python -m warmup.show --scores {PLAN.results}/scores.tsv --report {PLAN.results}/report.html"
        f" --methods {PLAN.methods} || true"
    )
