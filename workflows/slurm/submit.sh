#!/bin/bash
# A study by Slurm, from the plan to the report; run on the login node, beside the study file:
#   submit.sh STUDY SHARDS [options of sbatch, such as --partition=cpu --account=lab]
# Given again, it submits what is missing.
set -euo pipefail
study=${1:?study file}
shards=${2:?number of shards}
shift 2
here=$(dirname "$(realpath "$0")")
after=()

# Submits a job that begins when the one before it has succeeded.
submit() {
  local job
  job=$(sbatch --parsable --kill-on-invalid-dep=yes "${after[@]}" "$@")
  after=(--dependency="afterok:${job%%;*}")
}

cellswap plan "$study" --shards "$shards"
for stage in features probes; do
  missing=$(cellswap status "$study" --stage $stage --missing)
  if [ -n "$missing" ]; then submit "$@" --array="$missing" "$here/shard.sbatch" "$study" --stage $stage; fi
done
submit "$@" "$here/merge.sbatch" "$study"
echo "submitted; the report is made by job ${after[0]##*:}"
