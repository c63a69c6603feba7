# Evaluation: outputs, scores, and the two files that all tables and figures are made of.


rule generate:
    input:
        model=f"{RUN}/model",
        summary=f"{DATA}/summary.json",
    output:
        f"{RUN}/{{split}}.{{decoding}}.predictions.jsonl",
    params:
        examples=f"{DATA}/{{split}}.jsonl",
        beams=lambda wildcards: EXPERIMENT["decodings"][wildcards.decoding]["beams"],
        batch=lambda wildcards: EXPERIMENT["decodings"][wildcards.decoding]["batch_size"],
    log:
        f"{LOGS}/generate/{RUN_NAME}/{{split}}.{{decoding}}.log",
    conda:
        "../../envs/main.yaml"
    threads: JOB["threads"]
    resources:
        gpu=JOB["gpus"],
        mem_mb=JOB["mem_mb"],
        runtime=JOB["runtime"],
    message:
        "Generating ({wildcards.decoding}): {wildcards.method}, {wildcards.model} on"
        " {wildcards.dataset} ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        "python -m warmup.generate --model {input.model} --input {params.examples}"
        " --output {output} --beams {params.beams} --batch-size {params.batch}"
        " --threads {threads} > {log} 2>&1"


rule score:
    input:
        predictions=f"{RUN}/{{split}}.{{decoding}}.predictions.jsonl",
        code=[code("score.py"), code("metrics")],
    output:
        f"{RUN}/{{split}}.{{decoding}}.scores.json",
    params:
        run=score_config,
    log:
        f"{LOGS}/score/{RUN_NAME}/{{split}}.{{decoding}}.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        gpu=0,
    message:
        "Scoring {wildcards.method}, {wildcards.model} on {wildcards.dataset} ({wildcards.pair})"
    shell:
        "python -m warmup.score --predictions {input.predictions} --run {params.run:q}"
        " --output {output} > {log} 2>&1"


rule aggregate:
    input:
        scores=evaluations("scores.json"),
        training=run_files("training.json"),
        code=code("aggregate.py"),
    output:
        scores=f"{RESULTS}/scores.tsv",
        curves=f"{RESULTS}/curves.tsv",
    log:
        f"{LOGS}/aggregate.log",
    conda:
        "../../envs/analysis.yaml"
    resources:
        gpu=0,
    message:
        "Collecting all scores"
    shell:
        "python -m warmup.aggregate --scores {input.scores} --training {input.training}"
        " --scores-tsv {output.scores} --curves-tsv {output.curves} > {log} 2>&1"
