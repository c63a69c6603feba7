# Data: fetch (the only rules that use the network), prepare, and tokenizers.


localrules:
    fetch,
    fetch_model,


rule fetch:
    output:
        f"{DOWNLOADS}/{{dataset}}.{{pair}}.json",
    params:
        dataset=dataset_config,
        root=EXPERIMENT["data_root"],
        downloads=DOWNLOADS,
    log:
        f"{LOGS}/fetch/{{dataset}}.{{pair}}.log",
    conda:
        "../../envs/main.yaml"
    message:
        "Downloading {wildcards.dataset} ({wildcards.pair})"
    shell:
        "python -m warmup.fetch --dataset {params.dataset:q} --pair {wildcards.pair}"
        " --data-root {params.root:q} --downloads {params.downloads}"
        " --output {output} 2>&1 | tee {log}"


rule fetch_model:
    output:
        directory(f"{DOWNLOADS}/models/{{model}}"),
    params:
        model=lambda wildcards: json.dumps(EXPERIMENT["models"][wildcards.model]),
    log:
        f"{LOGS}/fetch/{{model}}.log",
    conda:
        "../../envs/main.yaml"
    message:
        "Downloading model {wildcards.model}"
    shell:
        "python -m warmup.fetch_model --model {params.model:q} --output {output} 2>&1 | tee {log}"


rule prepare:
    input:
        fetched,
        code=[code(name) for name in PREPARATION],
    output:
        train=f"{DATA}/train.jsonl",
        valid=f"{DATA}/valid.jsonl",
        summary=f"{DATA}/summary.json",
    params:
        dataset=dataset_config,
        root=EXPERIMENT["data_root"],
        downloads=DOWNLOADS,
        folder=subpath(output.summary, parent=True),
    log:
        f"{LOGS}/prepare/{{dataset}}.{{pair}}.log",
    conda:
        "../../envs/main.yaml"
    resources:
        gpu=0,
    message:
        "Preparing {wildcards.dataset} ({wildcards.pair})"
    shell:
        "python -m warmup.prepare --dataset {params.dataset:q} --pair {wildcards.pair}"
        " --data-root {params.root:q} --downloads {params.downloads}"
        " --output-dir {params.folder} 2>&1 | tee {log}"


rule tokenizer:
    input:
        train=f"{DATA}/train.jsonl",
    output:
        directory(TOKENIZER),
    params:
        task=task,
        spec=lambda wildcards: json.dumps(EXPERIMENT["models"][wildcards.model]["tokenizer"]),
        architecture=lambda wildcards: EXPERIMENT["models"][wildcards.model]["architecture"],
    log:
        f"{LOGS}/tokenizer/{{dataset}}.{{pair}}.{{model}}.log",
    conda:
        "../../envs/main.yaml"
    resources:
        gpu=0,
    message:
        "Training the tokenizer of {wildcards.model} on {wildcards.dataset} ({wildcards.pair})"
    shell:
        "python -m warmup.tokenizer --train {input.train} --task {params.task}"
        " --spec {params.spec:q} --architecture {params.architecture}"
        " --output {output} 2>&1 | tee {log}"
