# Evaluation: outputs, scores and comparisons, from which all tables and figures are made.


rule generate:
    input:
        model=ancient(f"{RESULTS}/runs/{RUN}/model"),
        trained=f"{RESULTS}/runs/{RUN}/provenance.json",  # changes when the model does
        summary=ancient(f"{DATA}/summary.json"),
    output:
        f"{RESULTS}/runs/{EVALUATION}.predictions.jsonl",
    log:
        f"{LOGS}/generate/{EVALUATION}.log",
    benchmark:
        f"{LOGS}/generate/{EVALUATION}.benchmark.tsv"
    conda:
        "../envs/main.yaml"
    threads: PLAN.of_model("threads")
    resources:
        gpu=PLAN.generation_gpus,
        mem_mb=PLAN.growing("mem_mb"),
        runtime=PLAN.growing("runtime"),
    params:
        # not an input: `prepare` does not name the files of test splits among its outputs
        examples=f"{DATA}/{{split}}.jsonl",
        data=PLAN.split_hash,
        beams=PLAN.beams,
        batch=PLAN.batch_size,
        warmup=PLAN.warmup_options,
    message:
        "Generating ({wildcards.decoding}): {wildcards.method}, {wildcards.model} on"
        " {wildcards.dataset} ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        f"{GPUS}{WARMUP} generate"
        " --model {input.model} --input {params.examples}"
        " --output {output} --beams {params.beams} --batch-size {params.batch}"
        " --threads {threads}{params.warmup} > {log} 2>&1"


# Instead of `generate`, for a method whose outputs are given.
rule import_outputs:
    input:
        outputs=PLAN.outputs_file,
        summary=ancient(f"{DATA}/summary.json"),
    output:
        f"{RESULTS}/runs/{EVALUATION}.predictions.jsonl",
    log:
        f"{LOGS}/generate/{EVALUATION}.log",
    wildcard_constraints:
        method="|".join(map(re.escape, PLAN.config.outputs)) or "(?!)",
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        examples=f"{DATA}/{{split}}.jsonl",
        data=PLAN.split_hash,
        task=PLAN.task,
    message:
        "Reading outputs: {wildcards.method} on {wildcards.dataset} ({wildcards.pair}), {wildcards.split}"
    shell:
        f"{WARMUP} import-outputs"
        " --outputs {input.outputs:q} --input {params.examples} --task {params.task}"
        " --output {output} > {log} 2>&1"


ruleorder: import_outputs > generate


rule score_neural:
    input:
        predictions=f"{RESULTS}/runs/{EVALUATION}.predictions.jsonl",
        model="downloads/metrics/{metric}.json",
    output:
        f"{RESULTS}/runs/{EVALUATION}.{{metric}}.segments.json",
    log:
        f"{LOGS}/score/{EVALUATION}.{{metric}}.log",
    benchmark:
        f"{LOGS}/score/{EVALUATION}.{{metric}}.benchmark.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: PLAN.of_model("threads")
    resources:
        gpu=PLAN.generation_gpus,
        mem_mb=PLAN.growing("mem_mb"),
        runtime=PLAN.growing("runtime"),
    params:
        entry=PLAN.metric_config,
        target=PLAN.target_lang,
        environment=PLAN.metrics_environment,
        code=PLAN.metric_code,
    message:
        "Scoring with {wildcards.metric} ({wildcards.decoding}): {wildcards.method},"
        " {wildcards.model} on {wildcards.dataset} ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        f"{GPUS}{ENVIRONMENT} OMP_NUM_THREADS={{threads}} {METRICS_PYTHON} -m warmup"
        " score-neural --metric {wildcards.metric}"
        f" --model {{input.model}} --entry {SETTINGS}/metrics/{{wildcards.metric}}.json"
        " --predictions {input.predictions}"
        " --target-lang {params.target} --output {output} > {log} 2>&1"


rule score:
    input:
        predictions=f"{RESULTS}/runs/{EVALUATION}.predictions.jsonl",
        segments=PLAN.segments_of,
    output:
        scores=f"{RESULTS}/runs/{EVALUATION}.scores.json",
        statistics=f"{RESULTS}/runs/{EVALUATION}.statistics.json",
    log:
        f"{LOGS}/score/{EVALUATION}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        run=PLAN.score_config,
        metrics=PLAN.metric_options,
        code=code("score", "warmup.evaluation.score", PLAN.scored_by),
    message:
        "Scoring ({wildcards.decoding}): {wildcards.method}, {wildcards.model} on"
        " {wildcards.dataset} ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        f"{WARMUP} score"
        " --predictions {input.predictions} --run {params.run:q}"
        " --output {output.scores} --statistics {output.statistics}"
        " --segments {input.segments}{params.metrics} > {log} 2>&1"


rule experiment:
    output:
        f"{RESULTS}/experiment.json",
    log:
        f"{LOGS}/experiment.log",
    localrule: True
    params:
        summary=PLAN.summary,  # when it changes, the file is written again
    message:
        "Writing experiment.json"
    run:
        write_json(Path(output[0]), params.summary)


rule collect:
    input:
        experiment=f"{RESULTS}/experiment.json",
        scores=PLAN.experiment.evaluation_files("scores.json"),
        training=PLAN.experiment.run_files("training.json"),
        data=PLAN.experiment.data_files("summary.json"),
    output:
        scores=f"{RESULTS}/scores.tsv",
        curves=f"{RESULTS}/curves.tsv",
    log:
        f"{LOGS}/collect.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        code=code("collect", "warmup.evaluation.collect"),
    message:
        "Collecting all scores"
    shell:
        f"{WARMUP} collect"
        " --experiment {input.experiment}"
        " --scores-tsv {output.scores} --curves-tsv {output.curves} > {log} 2>&1"


rule compare:
    input:
        experiment=f"{RESULTS}/experiment.json",
        statistics=PLAN.experiment.evaluation_files("statistics.json"),
    output:
        f"{RESULTS}/comparisons.tsv",
    log:
        f"{LOGS}/compare.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        code=code("compare", "warmup.evaluation.compare", PLAN.all_metrics),
    message:
        "Comparing the methods"
    shell:
        f"{WARMUP} compare"
        " --experiment {input.experiment} --output {output}"
        " > {log} 2>&1"


rule analyse:
    input:
        experiment=f"{RESULTS}/experiment.json",
        predictions=PLAN.experiment.evaluation_files("predictions.jsonl"),
    output:
        f"{RESULTS}/warmups.tsv",
    log:
        f"{LOGS}/analyse.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        code=code(
            "analyse",
            "warmup.evaluation.warmup_analysis.analyse",
            "warmup.evaluation.warmup_analysis.quantities",
            PLAN.all_scored_by,
        ),
    message:
        "Analysing the warmups"
    shell:
        f"{WARMUP} analyse-warmups"
        " --experiment {input.experiment}"
        " --output {output} > {log} 2>&1"
