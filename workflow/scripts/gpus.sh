#!/usr/bin/env bash
# Run a command that sees GPUs which no other job of this script uses:
#
#   gpus.sh COUNT COMMAND ARGUMENT ...
#
# It chooses among those in CUDA_VISIBLE_DEVICES, or among all, and waits until COUNT are free. A GPU
# is in use as long as a process of the command lives. In a job of Slurm, which has assigned GPUs,
# and on a machine without any, it only runs the command.
set -euo pipefail

count=$1
shift

if [ "$count" = 0 ]; then
    export CUDA_VISIBLE_DEVICES=
    exec "$@"
fi
if [ -n "${SLURM_JOB_ID:-}" ]; then
    exec "$@"
fi

all=${CUDA_VISIBLE_DEVICES-$(nvidia-smi --query-gpu=index --format=csv,noheader 2> /dev/null || true)}
read -r -a gpus <<< "$(tr ',\n' '  ' <<< "$all")"
if [ ${#gpus[@]} = 0 ]; then
    exec "$@"
fi
if [ "$count" -gt ${#gpus[@]} ]; then
    echo "error: a job needs $count GPUs (resources.gpus), and it sees ${#gpus[@]}: ${gpus[*]}" >&2
    exit 2
fi

locks=${TMPDIR:-/tmp}/warmup-gpus-$(id -u)
mkdir -p "$locks"
chosen=() held=()
has_said=
while true; do
    for gpu in "${gpus[@]}"; do
        exec {lock}> "$locks/${gpu//\//_}"   # open, and so locked, in the command too
        if flock --nonblock "$lock"; then
            chosen+=("$gpu")
            held+=("$lock")
            test ${#chosen[@]} -lt "$count" || break 2
        else
            exec {lock}>&-
        fi
    done
    # what is held while waiting could be what another job waits for
    for lock in "${held[@]:-}"; do
        test -z "$lock" || exec {lock}>&-
    done
    chosen=() held=()
    test -n "$has_said" || echo "waits for $count of the GPUs ${gpus[*]}" >&2
    has_said=1
    sleep "1.$RANDOM"
done

export CUDA_VISIBLE_DEVICES
CUDA_VISIBLE_DEVICES=$(IFS=,; echo "${chosen[*]}")
exec "$@"
