# Data: fetch (the only rules that use the network), prepare, and tokenizers.


rule fetch:
    output:
        "downloads/{dataset}.{pair}.json",
    log:
        f"{LOGS}/fetch/{{dataset}}.{{pair}}.log",
    localrule: True
    conda:
        "../envs/main.yaml"
    params:
        dataset=PLAN.dataset_config,
        root=PLAN.data_root,
        downloads=subpath(output[0], parent=True),
    message:
        "Downloading {wildcards.dataset} ({wildcards.pair})"
    shell:
        f"{WARMUP} fetch data --dataset {DATA_SETTINGS}"
        " --pair {wildcards.pair}"
        " --data-root={params.root:q} --downloads {params.downloads}"
        " --output {output} 2>&1 | tee {log}"


rule fetch_model:
    output:
        directory("downloads/models/{model}"),
    log:
        f"{LOGS}/fetch/{{model}}.log",
    localrule: True
    conda:
        "../envs/main.yaml"
    params:
        model=PLAN.hub_model,
    message:
        "Downloading model {wildcards.model}"
    shell:
        f"{WARMUP} fetch model"
        f" --model {SETTINGS}/models/{{wildcards.model}}.json --output {{output}} 2>&1 | tee {{log}}"


rule fetch_metric:
    output:
        "downloads/metrics/{metric}.json",
    log:
        f"{LOGS}/fetch/{{metric}}.log",
    localrule: True
    conda:
        "../envs/main.yaml"
    params:
        entry=PLAN.metric_model,
        # outside the output, which Snakemake deletes before it runs a job again
        folder="downloads/metrics/{metric}",
    message:
        "Getting the model of {wildcards.metric}"
    shell:
        f"{WARMUP} fetch metric"
        f" --metric {{wildcards.metric}} --entry {SETTINGS}/metrics/{{wildcards.metric}}.model.json"
        " --folder {params.folder} --output {output} 2>&1 | tee {log}"


# After a checkpoint Snakemake looks again at what is due. If the data have the same hash as before,
# neither training runs nor outputs are due.
checkpoint prepare:
    input:
        PLAN.files,
        fetched=PLAN.fetched,
        none=whole("prepare", PLAN.check_data, PLAN.split_files),
    output:
        train=f"{DATA}/train.jsonl",
        valid=f"{DATA}/valid.jsonl",
        summary=f"{DATA}/summary.json",
    log:
        f"{LOGS}/prepare/{{dataset}}.{{pair}}.log",
    priority: 100  # training runs wait for it
    conda:
        "../envs/main.yaml"
    resources:
        gpu=0,
    params:
        dataset=PLAN.dataset_config,
        root=PLAN.data_root,
        downloads="downloads",
        folder=subpath(output.summary, parent=True),
    message:
        "Preparing {wildcards.dataset} ({wildcards.pair})"
    shell:
        f"{WARMUP} prepare --dataset {DATA_SETTINGS}"
        " --pair {wildcards.pair}"
        " --data-root={params.root:q} --downloads {params.downloads}"
        " --downloaded {input.fetched} --register work/finished"
        " --output-dir {params.folder} 2>&1 | tee {log}"


checkpoint tokenizer:
    input:
        train=ancient(f"{DATA}/train.jsonl"),
        none=whole("tokenizer", PLAN.check_tokenizer),
    output:
        directory(f"{RESULTS}/tokenizers/{{dataset}}/{{pair}}/{{model}}"),
    log:
        f"{LOGS}/tokenizer/{{dataset}}.{{pair}}.{{model}}.log",
    priority: 100  # training runs wait for it
    conda:
        "../envs/main.yaml"
    resources:
        gpu=0,
    params:
        data=PLAN.train_hash,
        task=PLAN.task,
        spec=PLAN.tokenizer_config,
        architecture=PLAN.architecture,
    message:
        "Training the tokenizer of {wildcards.model} on {wildcards.dataset} ({wildcards.pair})"
    shell:
        f"{WARMUP} train-tokenizer"
        " --train {input.train} --task {params.task}"
        f" --spec {SETTINGS}/tokenizers/{{wildcards.model}}.json"
        " --architecture {params.architecture} --register work/finished"
        " --output {output} 2>&1 | tee {log}"
