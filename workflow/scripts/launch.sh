#!/usr/bin/env bash
# Start a Python module as one process, as one per GPU, or as one per GPU on each of several nodes:
#
#   launch.sh NODES GPUS THREADS MODULE ARGUMENT ...
#
# It prints what all processes print. Its status is 0 if that of all processes is 0.
set -euo pipefail

nodes=$1 gpus=$2 threads=$3
processes=$((gpus > 1 ? gpus : 1)) # on a node

if [ "$nodes" -gt 1 ] && [ -z "${ON_EACH_NODE:-}" ]; then
    test -n "${SLURM_JOB_ID:-}" || {
        echo "error: resources.nodes is $nodes, and a training on more than one node needs Slurm:" \
            "start with --workflow-profile profiles/slurm, or set it to 1" >&2
        exit 2
    }
    # Start this script on each node, in this environment. If it fails on one node, it is ended on
    # the others, which would wait for that one.
    export ON_EACH_NODE=1
    exec srun --nodes="$nodes" --ntasks="$nodes" --ntasks-per-node=1 --cpus-per-task="$threads" \
        --kill-on-bad-exit=1 bash "$0" "$@"
fi

if [ $((nodes * processes)) = 1 ]; then
    exec python -m "${@:4}"
fi

meeting=(--standalone)
if [ "$nodes" -gt 1 ]; then
    # They meet on the first node, at a port that follows from the job's number. Other jobs there have
    # other ports, and no outgoing connection has a port below 32768. A node may be slow to read
    # PyTorch from a shared disk.
    first=$(scontrol show hostnames "$SLURM_STEP_NODELIST" | head -n 1)
    meeting=(--nnodes="$nodes" --rdzv-backend=c10d --rdzv-id="$SLURM_JOB_ID"
        --rdzv-endpoint="$first:$((20000 + SLURM_JOB_ID % 12000))" --rdzv-conf=read_timeout=600
        --local-addr="$SLURMD_NODENAME")
fi
# Slurm sends SIGTERM to every process of a job. If torchrun passed it on, a training run would get
# two, and the second one would end it at once. So torchrun ignores it, and ends when training does.
trap '' TERM
exec python -m torch.distributed.run --signals-to-handle=SIGINT,SIGHUP,SIGQUIT \
    --nproc-per-node="$processes" "${meeting[@]}" -m -- "${@:4}"
