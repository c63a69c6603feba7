#!/usr/bin/env bash
# Train one run, and keep what it says, in its log and beside its checkpoints:
#
#   train.sh WORK LOG NODES GPUS THREADS MODULE ARGUMENT ...
#
# Snakemake deletes the log of a job that it starts again; so what earlier starts said is in WORK.
set -euo pipefail

work=$1 log=$2
said=$work/train.log

# told to end, this shell waits for the training, which then writes a checkpoint
trap : TERM INT

mkdir -p "$work"
touch "$said"
test ! -s "$said" || echo "started again $(date '+%F %T')" >> "$said"
cp "$said" "$log"

# glibc gives large blocks back when they are freed, and each update asks for them again
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_TOP_PAD_=500000000
# tee, too, is to hear the last line of a training that was told to end
bash "$(dirname "$0")/launch.sh" "${@:3}" 2>&1 | (trap '' TERM INT; exec tee -a "$log" "$said")
