"""`snakemake --cores N` in this folder runs config.yaml. The workflow is in workflow/Snakefile."""


include: "workflow/Snakefile"


workflow.default_target = "all"  # which an included file does not set
