# Training: one rule for every method. A method is an entry of the configuration.


rule train:
    input:
        unpack(PLAN.training_inputs),
    output:
        model=directory(f"{PLAN.run}/model"),
        training=f"{PLAN.run}/training.json",
        provenance=f"{PLAN.run}/provenance.json",
    log:
        f"{PLAN.logs}/train/{{dataset}}/{{pair}}/{{model}}/{{method}}/seed{{seed}}.log",
    priority: PLAN.priority
    conda:
        "../../envs/main.yaml"
    threads: PLAN.resources["threads"]
    resources:
        **PLAN.training_devices,
        mem_mb=PLAN.mem_mb,
        runtime=PLAN.runtime,
    params:
        config=PLAN.run_config,
        options=PLAN.training_options,
        # outside every output: Snakemake deletes outputs before it runs a job again,
        # and a killed training has to find its checkpoints
        work=PLAN.work,
        folder=subpath(output.training, parent=True),
    message:
        "Training {wildcards.method}: {wildcards.model} on {wildcards.dataset}"
        " ({wildcards.pair}), seed {wildcards.seed}"
    shell:
        # told to end, this shell waits for the training, which then writes a checkpoint
        "trap : TERM INT;"
        # the log is deleted, too: what earlier starts said is kept beside the checkpoints
        " mkdir -p {params.work}; said={params.work}/train.log; touch $said;"
        " test ! -s $said || echo \"started again $(date '+%F %T')\" >> $said;"
        " cp $said {log};"
        # glibc gives large blocks back when they are freed, and each update asks for them again
        " MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_TOP_PAD_=500000000"
        ' bash "$LAUNCHER" $PROCESSES {threads} warmup.train --config {params.config:q} {params.options}'
        " --work {params.work} --output-dir {params.folder} --threads {threads}"
        " --on-mismatch $ON_MISMATCH --on-nan $ON_NAN $SHARDED"
        # tee, too, is to hear the last line of a training that was told to end
        " 2>&1 | (trap '' TERM INT; exec tee -a {log} $said);"
        " rm -f $said"
