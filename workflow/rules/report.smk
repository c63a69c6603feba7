# Tables, figures and the report, made from scores in seconds, without torch. An old one stays until
# the new one is whole: `update`, see `mark_unfinished`.


rule tables:
    input:
        scores=f"{RESULTS}/scores.tsv",
        comparisons=f"{RESULTS}/comparisons.tsv",
        warmups=f"{RESULTS}/warmups.tsv",
        experiment=f"{RESULTS}/experiment.json",
    output:
        [
            report(
                update(f"{RESULTS}/tables/{name}.{kind}"),
                caption="../report/tables.rst",
                category="Tables",
                labels={"table": name, "format": kind},
            )
            for name in (*PLAN.tasks, "warmups")
            for kind in ("md", "tex", "csv")
        ],
    log:
        f"{LOGS}/tables.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        folder=subpath(output[0], parent=True),
        code=code(
            "tables",
            "warmup.reporting.write_tables",
            "warmup.reporting.tables",
            PLAN.all_metrics,
        ),
    message:
        "Writing the tables"
    shell:
        f"{WARMUP} tables"
        " --scores {input.scores} --comparisons {input.comparisons}"
        " --warmups {input.warmups} --output-dir {params.folder} --experiment {input.experiment} > {log} 2>&1"


# One table by its name, for each task and decoding that has it. The pages of `tables` have them all.
rule table:
    input:
        scores=f"{RESULTS}/scores.tsv",
        comparisons=f"{RESULTS}/comparisons.tsv",
        warmups=f"{RESULTS}/warmups.tsv",
        experiment=f"{RESULTS}/experiment.json",
    output:
        update(f"{RESULTS}/tables/{{table}}.md"),
        update(f"{RESULTS}/tables/{{table}}.tex"),
    log:
        f"{LOGS}/tables/{{table}}.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        folder=subpath(output[0], parent=True),
        code=code(
            "table",
            "warmup.reporting.write_tables",
            PLAN.table_module,
            PLAN.all_metrics,
        ),
    message:
        "Writing the table {wildcards.table}"
    shell:
        f"{WARMUP} tables"
        " --only {wildcards.table} --scores {input.scores}"
        " --comparisons {input.comparisons} --warmups {input.warmups}"
        " --experiment {input.experiment} --output-dir {params.folder} > {log} 2>&1"


rule figure:
    input:
        scores=f"{RESULTS}/scores.tsv",
        curves=f"{RESULTS}/curves.tsv",
        comparisons=f"{RESULTS}/comparisons.tsv",
        warmups=f"{RESULTS}/warmups.tsv",
        experiment=f"{RESULTS}/experiment.json",
    output:
        [
            report(
                update(f"{RESULTS}/figures/{{figure}}.{kind}"),
                caption="../report/figure.rst",
                category="Figures",
                labels={"figure": "{figure}", "format": kind},
            )
            for kind in ("svg", "pdf", "png")
        ],
        caption=update(f"{RESULTS}/figures/{{figure}}.rst"),
    log:
        f"{LOGS}/figures/{{figure}}.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        folder=subpath(output[0], parent=True),
        code=code(
            "figure",
            "warmup.reporting.draw_figures",
            PLAN.figure_module,
            PLAN.all_metrics,
        ),
    message:
        "Drawing the figure {wildcards.figure}"
    shell:
        f"{WARMUP} figures"
        " --only {wildcards.figure} --scores {input.scores}"
        " --curves {input.curves} --comparisons {input.comparisons} --warmups {input.warmups}"
        " --experiment {input.experiment} --output-dir {params.folder} > {log} 2>&1"


rule figures:
    input:
        expand(rules.figure.output, figure=plugins.names("figure")),
    localrule: True


rule report:
    input:
        predictions=PLAN.experiment.evaluation_files("predictions.jsonl"),
        provenance=PLAN.experiment.run_files("provenance.json"),
        scores=f"{RESULTS}/scores.tsv",
        curves=f"{RESULTS}/curves.tsv",
        comparisons=f"{RESULTS}/comparisons.tsv",
        warmups=f"{RESULTS}/warmups.tsv",
        experiment=f"{RESULTS}/experiment.json",
        tables=rules.tables.output,
        figures=rules.figures.input,
    output:
        update(f"{RESULTS}/report.html"),
    log:
        f"{LOGS}/report.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        figures=lambda wildcards, input: Path(input.figures[0]).parent,
        code=code(
            "report",
            "warmup.reporting.report",
            "warmup.reporting.tables",
            "warmup.reporting.figures",
            PLAN.all_metrics,
        ),
    message:
        "Writing the report"
    shell:
        f"{WARMUP} report"
        " --scores {input.scores} --curves {input.curves}"
        " --comparisons {input.comparisons} --warmups {input.warmups}"
        " --tables-dir {params.tables} --figures-dir {params.figures}"
        " --experiment {input.experiment} --output {output} > {log} 2>&1"
