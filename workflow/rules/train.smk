# Training: one rule for every method. A method is an entry of the configuration.


rule train:
    input:
        unpack(PLAN.budget_files),
        # compared by their hashes, among the parameters, and not by time
        train=ancient(f"{PLAN.data}/train.jsonl"),
        valid=ancient(f"{PLAN.data}/valid.jsonl"),
        start=ancient(PLAN.start),
        start_files=PLAN.start_files,
        none=mark_another,
    output:
        model=directory(f"{PLAN.run}/model"),
        training=f"{PLAN.run}/training.json",
        provenance=f"{PLAN.run}/provenance.json",
    log:
        f"{PLAN.logs}/train/{{dataset}}/{{pair}}/{{model}}/{{method}}/seed{{seed}}.log",
    priority: PLAN.priority
    conda:
        "../envs/main.yaml"
    threads: PLAN.resources.threads
    resources:
        **PLAN.training_devices,
        mem_mb=PLAN.mem_mb,
        runtime=PLAN.runtime,
        # resources, unlike parameters, make no finished run due when they change
        processes=f"{PLAN.resources.nodes} {PLAN.resources.gpus}",
        sharded="--sharded" if PLAN.resources.sharded else "",
        on_mismatch=PLAN.config.on_mismatch,
        on_nan=PLAN.config.on_nan,
    params:
        config=PLAN.run_config,
        data=PLAN.training_data,
        options=PLAN.training_options,
        # outside every output: Snakemake deletes outputs before it runs a job again,
        # and a killed training has to find its checkpoints
        work=PLAN.work,
        folder=subpath(output.training, parent=True),
    message:
        "Training {wildcards.method}: {wildcards.model} on {wildcards.dataset}"
        " ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        'exec bash "$SCRIPTS/train.sh" {params.work} {log} {resources.processes} {threads}'
        " warmup train --config {params.config:q} {params.options} --work {params.work}"
        " --output-dir {params.folder} --threads {threads}"
        " --keep-finished --on-mismatch {resources.on_mismatch} --on-nan {resources.on_nan} {resources.sharded}"
