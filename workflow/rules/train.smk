# Training: one rule for every method. A method is an entry of the configuration.


rule train:
    input:
        unpack(training_inputs),
    output:
        model=directory(f"{RUN}/model"),
        training=f"{RUN}/training.json",
        provenance=f"{RUN}/provenance.json",
    params:
        config=run_config,
        options=training_options,
        # outside every output: Snakemake deletes outputs before it runs a job again,
        # and a killed training has to find its checkpoints
        work=f"{WORK}/{RUN_NAME}",
        folder=subpath(output.training, parent=True),
    log:
        f"{LOGS}/train/{RUN_NAME}.log",
    conda:
        "../../envs/main.yaml"
    threads: JOB["threads"]
    resources:
        gpu=JOB["gpus"],
        mem_mb=JOB["mem_mb"],
        runtime=JOB["runtime"],
    message:
        "Training {wildcards.method}: {wildcards.model} on {wildcards.dataset}"
        " ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        "python -m warmup.train --config {params.config:q} {params.options}"
        " --work {params.work} --output-dir {params.folder} --threads {threads}"
        " 2>&1 | tee -a {log}"
