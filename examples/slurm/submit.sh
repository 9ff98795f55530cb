#!/usr/bin/env bash
# Submits an array job over an archive, and the report job that waits for it.
#   SHARDS=16 submit.sh cpu|gpu ARCHIVE RESULTS MODEL [SBATCH-OPTION...]
# The options go to both jobs, such as --partition=night --account=pathology.
set -euo pipefail
(($# >= 4)) && [[ $1 == cpu || $1 == gpu ]] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
scripts=$(dirname "$(realpath "$0")")
kind=$1
export ARCHIVE=$2 RESULTS=$3 MODEL=$4 SHARDS=${SHARDS:-8}
shift 4
array=$(sbatch --parsable --array="1-$SHARDS" "$@" "$scripts/segment-$kind.sbatch")
array=${array%%;*} # a cluster's name may follow
report=$(sbatch --parsable --dependency="afterany:$array" "$@" "$scripts/report.sbatch")
echo "array $array (tasks 1 to $SHARDS), report ${report%%;*}"
