#!/usr/bin/env bash
# Train one run, and write what it prints to its log and to the folder of its checkpoints:
#
#   train.sh WORK LOG NODES GPUS THREADS MODULE ARGUMENT ...
#
# Snakemake deletes the log of a job that it starts again, so WORK keeps what earlier starts printed.
set -euo pipefail

work=$1 log=$2
said=$work/train.log

# told to end, this shell waits for the training run, which then writes a checkpoint
trap : TERM INT

mkdir -p "$work"
touch "$said"
test ! -s "$said" || echo "started again $(date '+%F %T')" >> "$said"
cp "$said" "$log"

# glibc returns large blocks when they are freed, and each update asks for them again
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_TOP_PAD_=500000000
# tee has to hear the last line of a training run that was told to end
bash "$(dirname "$0")/launch.sh" "${@:3}" 2>&1 | (trap '' TERM INT; exec tee -a "$log" "$said")
