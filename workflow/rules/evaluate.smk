# Evaluation: outputs, scores, comparisons: the files that all tables and figures are made of.


rule generate:
    input:
        model=ancient(f"{PLAN.run}/model"),
        trained=f"{PLAN.run}/provenance.json",  # changes when the model does
        summary=ancient(f"{PLAN.data}/summary.json"),
    output:
        f"{PLAN.evaluation}.predictions.jsonl",
    log:
        f"{PLAN.logs}/generate/{{dataset}}/{{pair}}/{{model}}/{{method}}/seed{{seed}}/{{split}}.{{decoding}}.log",
    conda:
        "../envs/main.yaml"
    threads: PLAN.resources.threads
    resources:
        gpu=min(1, PLAN.resources.gpus),
        mem_mb=PLAN.mem_mb,
        runtime=PLAN.runtime,
    params:
        # not an input, since rules name their outputs, and `prepare` has a file of each split
        examples=f"{PLAN.data}/{{split}}.jsonl",
        data=PLAN.split_hash,
        beams=PLAN.beams,
        batch=PLAN.batch_size,
        warmup=PLAN.warmup_options,
    message:
        "Generating ({wildcards.decoding}): {wildcards.method}, {wildcards.model} on"
        " {wildcards.dataset} ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        "python -m warmup generate --model {input.model} --input {params.examples}"
        " --output {output} --beams {params.beams} --batch-size {params.batch}"
        " --threads {threads}{params.warmup} > {log} 2>&1"


rule score_neural:
    input:
        predictions=f"{PLAN.evaluation}.predictions.jsonl",
        model=f"{PLAN.downloads}/metrics/{{metric}}.json",
    output:
        PLAN.segments,
    log:
        f"{PLAN.logs}/score/{{dataset}}/{{pair}}/{{model}}/{{method}}/seed{{seed}}/{{split}}.{{decoding}}.{{metric}}.log",
    conda:
        "../envs/metrics.yaml"
    threads: PLAN.resources.threads
    resources:
        gpu=min(1, PLAN.resources.gpus),
        mem_mb=PLAN.mem_mb,
        runtime=PLAN.runtime,
    params:
        entry=PLAN.metric_config,
        target=PLAN.target_lang,
        environment=PLAN.metrics_environment,
        code=PLAN.metric_code,
    message:
        "Scoring with {wildcards.metric} ({wildcards.decoding}): {wildcards.method},"
        " {wildcards.model} on {wildcards.dataset} ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        # with --sdm conda, and without the environment, `python` is there and says what it lacks
        'test -x "$METRICS_PYTHON" || METRICS_PYTHON=python;'
        ' OMP_NUM_THREADS={threads} "$METRICS_PYTHON" -m warmup score-neural --metric {wildcards.metric}'
        " --model {input.model} --entry {params.entry:q} --predictions {input.predictions}"
        " --target-lang {params.target} --output {output} > {log} 2>&1"


rule score:
    input:
        predictions=f"{PLAN.evaluation}.predictions.jsonl",
        segments=PLAN.segments_of,
    output:
        scores=f"{PLAN.evaluation}.scores.json",
        statistics=f"{PLAN.evaluation}.statistics.json",
    log:
        f"{PLAN.logs}/score/{{dataset}}/{{pair}}/{{model}}/{{method}}/seed{{seed}}/{{split}}.{{decoding}}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        run=PLAN.score_config,
        code=code("score", "warmup.evaluation.score", PLAN.scored_by),
    message:
        "Scoring ({wildcards.decoding}): {wildcards.method}, {wildcards.model} on"
        " {wildcards.dataset} ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        "python -m warmup score --predictions {input.predictions} --run {params.run:q}"
        " --output {output.scores} --statistics {output.statistics}"
        " --segments {input.segments} > {log} 2>&1"


rule experiment:
    output:
        PLAN.experiment,
    log:
        f"{PLAN.logs}/experiment.log",
    localrule: True
    params:
        summary=PLAN.summary,  # when it changes, the file is written again
    message:
        "Writing what all commands have to know of the experiment"
    run:
        write_json(Path(output[0]), params.summary)


rule lists:
    output:
        [PLAN.list_of(name) for name in PLAN.lists],
    log:
        f"{PLAN.logs}/lists.log",
    localrule: True
    params:
        # when they change, they are written again
        lists=str(PLAN.lists),
    message:
        "Listing the files of all runs"
    run:
        PLAN.write_lists()


rule aggregate:
    input:
        PLAN.lists["aggregate"],
        list=PLAN.list_of("aggregate"),
    output:
        scores=f"{PLAN.results}/scores.tsv",
        curves=f"{PLAN.results}/curves.tsv",
    log:
        f"{PLAN.logs}/aggregate.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        code=code("aggregate", "warmup.evaluation.collect"),
    message:
        "Collecting all scores"
    shell:
        "python -m warmup collect --inputs-from {input.list}"
        " --scores-tsv {output.scores} --curves-tsv {output.curves} > {log} 2>&1"


rule compare:
    input:
        PLAN.lists["compare"],
        list=PLAN.list_of("compare"),
        experiment=PLAN.experiment,
    output:
        f"{PLAN.results}/comparisons.tsv",
    log:
        f"{PLAN.logs}/compare.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        gpu=0,
    params:
        code=code("compare", "warmup.evaluation.compare", PLAN.all_metrics),
    message:
        "Comparing the methods"
    shell:
        "python -m warmup compare --inputs-from {input.list} --output {output}"
        " --experiment {input.experiment} > {log} 2>&1"


rule analyse:
    input:
        PLAN.lists["analyse"],
        list=PLAN.list_of("analyse"),
        scores=f"{PLAN.results}/scores.tsv",
    output:
        f"{PLAN.results}/warmups.tsv",
    log:
        f"{PLAN.logs}/analyse.log",
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
        "python -m warmup analyse-warmups --inputs-from {input.list} --scores {input.scores}"
        " --output {output} > {log} 2>&1"
