# Training: one rule for every method. A method is an entry of the configuration.


rule train:
    input:
        unpack(PLAN.budget_files),
        # compared by their hashes, which are among the parameters, and not by time
        train=ancient(f"{DATA}/train.jsonl"),
        valid=ancient(f"{DATA}/valid.jsonl"),
        start=ancient(PLAN.start),
        start_files=PLAN.start_files,
        none=mark_another,
        whole=whole("train", PLAN.check_run),
    output:
        model=directory(f"{RESULTS}/runs/{RUN}/model"),
        training=f"{RESULTS}/runs/{RUN}/training.json",
        provenance=f"{RESULTS}/runs/{RUN}/provenance.json",
    log:
        f"{LOGS}/train/{RUN}.log",
    benchmark:
        f"{LOGS}/train/{RUN}.benchmark.tsv"
    priority: PLAN.priority
    conda:
        "../envs/main.yaml"
    threads: PLAN.of_model("threads")
    resources:
        **PLAN.training_devices(),
        mem_mb=PLAN.growing("mem_mb", trains=True),
        runtime=PLAN.growing("runtime", trains=True),
        # resources: unlike parameters, they do not make a finished run due when they change
        processes=PLAN.processes,
        sharded="--sharded" if PLAN.resources.sharded else "",
        on_mismatch=PLAN.config.on_mismatch,
        on_nan=PLAN.config.on_nan,
        report_to=PLAN.report_to,
    params:
        config=PLAN.run_config,
        data=PLAN.training_data,
        options=PLAN.training_options,
        # outside every output: Snakemake deletes outputs before it runs a job again, and a
        # training run that was killed has to find its checkpoints
        work=f"work/{PLAN.name}/{RUN}",
        folder=subpath(output.training, parent=True),
    message:
        "Training {wildcards.method}: {wildcards.model} on {wildcards.dataset}"
        " ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        f"exec env {GPUS}{ENVIRONMENT} bash {TRAIN_SCRIPT}"
        " {params.work} {log} {resources.processes} {threads}"
        f" warmup train --config {RUN_SETTINGS} {{params.options}}"
        " --work {params.work} --output-dir {params.folder} --threads {threads}"
        " --tokens work/tokens --register work/finished --keep-finished"
        " --on-mismatch {resources.on_mismatch} --on-nan {resources.on_nan} {resources.sharded} {resources.report_to}"
