# Tables, figures and the report, from scores alone: seconds, without torch.


localrules:
    tables,
    figures,
    report,


rule tables:
    input:
        scores=f"{RESULTS}/scores.tsv",
        code=PRESENTATION + [code("tables.py")],
    output:
        report(
            expand(RESULTS + "/tables/{task}.{kind}", task=TASKS, kind=["md", "tex", "csv"]),
            caption="../report/tables.rst",
            category="Tables",
        ),
    params:
        folder=f"{RESULTS}/tables",
    log:
        f"{LOGS}/tables.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        gpu=0,
    message:
        "Writing the tables"
    shell:
        "python -m warmup.tables --scores {input.scores} --output-dir {params.folder} --methods {METHODS} > {log} 2>&1"


rule figures:
    input:
        scores=f"{RESULTS}/scores.tsv",
        curves=f"{RESULTS}/curves.tsv",
        code=PRESENTATION + [code("figures")],
    output:
        report(
            expand(RESULTS + "/figures/{name}.{kind}", name=FIGURES, kind=["svg", "pdf", "png"]),
            caption="../report/figures.rst",
            category="Figures",
        ),
    params:
        folder=f"{RESULTS}/figures",
    log:
        f"{LOGS}/figures.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        gpu=0,
    message:
        "Drawing the figures"
    shell:
        "python -m warmup.figures --scores {input.scores} --curves {input.curves}"
        " --output-dir {params.folder} --methods {METHODS} > {log} 2>&1"


rule report:
    input:
        scores=f"{RESULTS}/scores.tsv",
        curves=f"{RESULTS}/curves.tsv",
        tables=rules.tables.output,
        figures=rules.figures.output,
        predictions=evaluations("predictions.jsonl"),
        provenance=run_files("provenance.json"),
        code=PRESENTATION + [code("report")],
    output:
        f"{RESULTS}/report.html",
    params:
        tables=rules.tables.params.folder,
        figures=rules.figures.params.folder,
    log:
        f"{LOGS}/report.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        gpu=0,
    message:
        "Writing the report"
    shell:
        "python -m warmup.report --scores {input.scores} --curves {input.curves}"
        " --tables-dir {params.tables} --figures-dir {params.figures}"
        " --predictions {input.predictions} --provenance {input.provenance}"
        " --methods {METHODS} --output {output} > {log} 2>&1"
