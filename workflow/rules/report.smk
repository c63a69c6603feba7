# Tables, figures and the report, from scores alone: seconds, without torch.


rule tables:
    input:
        scores=f"{PLAN.results}/scores.tsv",
        comparisons=f"{PLAN.results}/comparisons.tsv",
        warmups=f"{PLAN.results}/warmups.tsv",
        experiment=PLAN.experiment,
    output:
        [
            report(
                path,
                caption="../report/tables.rst",
                category="Tables",
                labels={"table": Path(path).stem, "format": Path(path).suffix[1:]},
            )
            for path in PLAN.of_tables()
        ],
    log:
        f"{PLAN.logs}/tables.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        folder=subpath(output[0], parent=True),
        code=code("tables", "warmup.reporting.tables.task", PLAN.all_metrics),
    message:
        "Writing the tables"
    shell:
        "python -m warmup tables --scores {input.scores} --comparisons {input.comparisons}"
        " --warmups {input.warmups} --output-dir {params.folder} --experiment {input.experiment} > {log} 2>&1"


rule figures:
    input:
        scores=f"{PLAN.results}/scores.tsv",
        curves=f"{PLAN.results}/curves.tsv",
        comparisons=f"{PLAN.results}/comparisons.tsv",
        warmups=f"{PLAN.results}/warmups.tsv",
        experiment=PLAN.experiment,
    output:
        [
            report(
                path,
                caption=Path(path).with_suffix(".rst").resolve(),
                category="Figures",
                labels={"figure": Path(path).stem, "format": Path(path).suffix[1:]},
            )
            for path in PLAN.of_figures()
        ],
        PLAN.of_captions(),
    log:
        f"{PLAN.logs}/figures.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        folder=subpath(output[0], parent=True),
        code=code(
            "figures",
            "warmup.reporting.draw_figures",
            "warmup.reporting.figures",
            PLAN.all_metrics,
        ),
    message:
        "Drawing the figures"
    shell:
        "python -m warmup figures --scores {input.scores} --curves {input.curves}"
        " --comparisons {input.comparisons} --warmups {input.warmups} --output-dir {params.folder}"
        " --experiment {input.experiment} > {log} 2>&1"


rule report:
    input:
        PLAN.lists["report"],
        list=PLAN.list_of("report"),
        scores=f"{PLAN.results}/scores.tsv",
        curves=f"{PLAN.results}/curves.tsv",
        comparisons=f"{PLAN.results}/comparisons.tsv",
        warmups=f"{PLAN.results}/warmups.tsv",
        experiment=PLAN.experiment,
        tables=PLAN.of_tables(),
        figures=PLAN.of_figures(),
    output:
        f"{PLAN.results}/report.html",
    log:
        f"{PLAN.logs}/report.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        tables=PLAN.tables_folder,
        figures=PLAN.figures_folder,
        code=code(
            "report",
            "warmup.reporting.report",
            "warmup.reporting.figures",
            PLAN.all_metrics,
        ),
    message:
        "Writing the report"
    shell:
        "python -m warmup report --scores {input.scores} --curves {input.curves}"
        " --comparisons {input.comparisons} --warmups {input.warmups}"
        " --tables-dir {params.tables} --figures-dir {params.figures}"
        " --inputs-from {input.list}"
        " --experiment {input.experiment} --output {output} > {log} 2>&1"
