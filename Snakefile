"""Warmup Generations: from data to tables and figures. `snakemake --cores N` runs config.yaml."""

from snakemake.utils import min_version

min_version("9.0")


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


onstart:
    # what a killed Snakemake left in Slurm would be submitted once more
    shell("{sys.executable:q} -m warmup.queue")
    let_go()


onerror:
    let_go()


onsuccess:
    let_go()
    # a target such as one run's model makes neither
    shown = [f"{PLAN.results}/scores.tsv", f"{PLAN.results}/comparisons.tsv"]
    if all(Path(path).exists() for path in shown):
        shell(
            f"python -m warmup.show --scores {PLAN.results}/scores.tsv --report {PLAN.results}/report.html"
            f" --comparisons {PLAN.results}/comparisons.tsv --methods {PLAN.methods}"
            f" --decodings {PLAN.decodings} || true"
        )
