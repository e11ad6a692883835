#!/usr/bin/env bash
# Checks and measures everything that needs GPUs, on a machine that has some: builds with CUDA's compiler, runs
# the test programs of GPU code on the real devices, casts every F32 there is, saves on 1 to all GPUs in parallel
# and gathered, compares each save bit for bit with the CPU's, and measures every stage. Ends with a table and
# one JSON document; exit 1 if anything differs, 3 if something is missing.
#   benchmarks/gpu-check.sh [PARAMETERS]      of the model that is saved; 1B by default
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
parameters=${1:-1B}

missing() {
  echo "gpu-check: $1" >&2
  exit 3
}
command -v nvidia-smi >/dev/null || missing 'no GPU: nvidia-smi is missing'
mapfile -t gpus < <(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null)
[[ ${#gpus[@]} -gt 0 ]] || missing 'no GPU: nvidia-smi lists none'
for tool in java mvn g++ "${CAIRN_NVCC:-nvcc}"; do
  command -v "$tool" >/dev/null || missing "$tool is missing"
done

out=target/gpu-check
rm -rf "$out"
mkdir -p "$out"
failed=0
rows=() json=()
row() { # name, value, unit, limit
  rows+=("$(printf '%-44s %14s %-6s %s' "$1" "$2" "$3" "${4:-}")")
  json+=("$(printf '{"name":"%s","value":"%s","unit":"%s","limit":"%s"}' "$1" "$2" "$3" "${4:-}")")
}
check() { # name, command...
  local name=$1
  shift
  if "$@" >"$out/$name.log" 2>&1; then
    row "$name" passed ''
  else
    row "$name" FAILED '' "$out/$name.log"
    failed=1
  fi
}

echo "gpu-check: building" >&2
if ! mvn -q -B -Djavacpp.platform.extension=-gpu -DskipTests -Dmaven.javadoc.skip=true package >"$out/build.log" 2>&1 ||
  ! bin/cairn demo --ranks 1 --parameters 100K --overwrite --output "$out/warm" >>"$out/build.log" 2>&1; then
  echo "gpu-check: the build failed: see $out/build.log" >&2
  exit 1
fi
mvn -q -B dependency:build-classpath -Dmdep.includeScope=test -Dmdep.outputFile="$out/classpath" >>"$out/build.log"
classpath=target/test-classes:target/classes:$(<"$out/classpath")
program() {
  java -Dcairn.hardware=true -Dorg.bytedeco.javacpp.platform.extension=-gpu -Xmx2g -cp "$classpath" "$@"
}

echo "gpu-check: test programs on ${#gpus[@]} x ${gpus[0]}" >&2
check kernels program dev.cairn.kernels.DeviceKernelsProgram
check streams program dev.cairn.kernels.StagedCastProgram NONE
check stages program dev.cairn.kernels.GpuStages
stage() { # name in the JSON of the stages, or nothing
  sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$out/stages.log"
}
row 'copy within the device' "$(stage deviceCopyGBs)" GB/s 'half of the memory bandwidth'
row 'cast F32 to BF16, input' "$(stage castInputGBs)" GB/s '2/3 of the memory bandwidth'
row 'device to pinned host memory' "$(stage toHostGBs)" GB/s 'PCIe: 25 (gen 4), 55 (gen 5)'
disk=$(LC_ALL=C dd if=/dev/zero of="$out/disk" bs=16M count=256 conv=fsync 2>&1 | sed -n 's/.*, \([0-9.]* [kMGT]*B\/s\)$/\1/p')
rm -f "$out/disk"
row 'disk, 4 GiB with fsync' "${disk:-?}" ''

save() { # ranks, mode, device
  bin/cairn demo --ranks "$1" --parameters "$parameters" --mode "$2" --device "$3" --overwrite --json \
    --output "$out/$3-$2" >"$out/$3-$2-$1.json" 2>"$out/$3-$2-$1.log"
}
save 1 parallel cpu
expected=$(sha256sum <"$out/cpu-parallel/model.safetensors")
for ((ranks = 1; ranks <= ${#gpus[@]}; ranks++)); do
  for mode in parallel gather; do
    echo "gpu-check: saving $parameters from $ranks GPUs, $mode" >&2
    name="save, $ranks GPUs, $mode"
    if save "$ranks" "$mode" cuda && [[ $(sha256sum <"$out/cuda-$mode/model.safetensors") == "$expected" ]]; then
      row "$name" "$(sed -n 's/.*"seconds": *\([0-9.]*\).*/\1/p' "$out/cuda-$mode-$ranks.json" | head -n 1)" s 'bytes of the CPU'
    else
      row "$name" FAILED '' "$out/cuda-$mode-$ranks.log"
      failed=1
    fi
  done
done
rm -rf "$out/cpu-parallel" "$out/cuda-parallel" "$out/cuda-gather" "$out/warm"

printf '%s\n' "${rows[@]}"
printf '{"gpus":%d,"gpu":"%s","parameters":"%s","results":[%s]}\n' "${#gpus[@]}" "${gpus[0]}" "$parameters" \
  "$(IFS=,; echo "${json[*]}")" | tee "$out/result.json"
exit "$failed"
