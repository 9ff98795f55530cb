#!/usr/bin/env bash
# Installs a build into a temporary prefix and builds and runs the consumer against it. Usage: run.sh BUILD_FOLDER
set -euo pipefail
source=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
cmake -G Ninja -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >"$work/log" || { cat "$work/log"; exit 1; }
"$work/build/consumer"
"$work/prefix/bin/wsi-lpd" --version

# The installed program finds LibTorch without the checkout, unless that is where the user wants it from (the CUDA build).
checkout=$(cd "$source/../.." && pwd)
grep -q '^WSI_LPD_CUDA:BOOL=ON' "$1/CMakeCache.txt" && exit 0
path=$(readelf -d "$work/prefix/bin/wsi-lpd" | sed -n 's/.*R[UN]*PATH)[^[]*\[\(.*\)\]/\1/p')
[[ -n $path ]] || { echo "the installed program has no RUNPATH"; exit 1; }
[[ $path != *"$checkout"* ]] || { echo "the RUNPATH of the installed program points into the checkout: $path"; exit 1; }
torch=$(ldd "$work/prefix/bin/wsi-lpd" | awk '$1 == "libtorch_cpu.so" { print $3 }')
[[ -f $torch && $torch != "$checkout"/* ]] || { echo "the installed program loads LibTorch from '$torch'"; exit 1; }
