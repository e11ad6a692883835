#!/usr/bin/env bash
# Checks and measures, on a machine with GPUs, what needs some: builds with CUDA's compiler, runs the test programs of
# GPU code on the real devices (kernels, streams, saves of every dtype with snapshots and partitions of both kinds,
# restores; PyTorch's current stream if CAIRN_TORCH_JAR is Bytedeco's pytorch-…-linux-x86_64-gpu.jar), casts every F32
# there is, saves on 1 to all GPUs in parallel and gathered by both algorithms, compares each save bit for bit with the
# CPU's, and measures every stage of a save beside the limit of its own. Ends with a table and one JSON document; exit 1
# if anything differs, 3 if something is missing.
#   benchmarks/gpu-check.sh [PARAMETERS]              of the model that is saved; 1B by default
#   benchmarks/gpu-check.sh --emulated [PARAMETERS]   every line of it, but the build, over the emulated CUDA and NCCL
#                                                     of the tests: says whether it works, and nothing of speed
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
emulated=
if [[ ${1:-} == --emulated ]]; then
  emulated=1
  shift
fi
parameters=${1:-1B}
bucket=$((256 << 20)) stage=$((256 << 20)) patterns=$((1 << 32)) blocks=256

missing() {
  echo "gpu-check: $1" >&2
  exit 3
}
out=target/gpu-check
rm -rf "$out"
mkdir -p "$out"
if [[ $emulated ]]; then
  emulation=$PWD/target/native/linux-x86_64/emulation
  [[ -e $emulation/libnccl.so.2 && -e target/cairn/stamp ]] || missing 'build first: mvn -B package'
  gpus=('emulated GPU' 'emulated GPU') link='4, 16'
  bucket=$((1 << 20)) stage=$((1 << 20)) patterns=$((1 << 18)) blocks=1
  export LD_LIBRARY_PATH=$emulation # for what is looked for by its name
  emulate() {
    # The driver and the runtime before real ones, where there are some.
    LD_PRELOAD=$emulation/libcuda.so.1:$emulation/libcudart.so.13 JDK_JAVA_OPTIONS="-Dorg.bytedeco.javacpp.pathsFirst=true
      -Dorg.bytedeco.javacpp.cachedir=$PWD/target/javacpp-emulation" "$@"
  }
else
  emulate() { "$@"; }
  command -v nvidia-smi >/dev/null || missing 'no GPU: nvidia-smi is missing'
  mapfile -t gpus < <(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null)
  [[ ${#gpus[@]} -gt 0 ]] || missing 'no GPU: nvidia-smi lists none'
  link=$(nvidia-smi --query-gpu=pcie.link.gen.max,pcie.link.width.max --format=csv,noheader | head -n 1)
  for tool in java mvn g++ "${CAIRN_NVCC:-nvcc}"; do
    command -v "$tool" >/dev/null || missing "$tool is missing"
  done
fi

failed=0
rows=() json=()
value() { # as JSON has it
  if [[ -z $1 ]]; then
    echo null
  elif [[ $1 =~ ^(0|[1-9][0-9]*)(\.[0-9]+)?$ ]]; then
    echo "$1"
  else
    echo "\"$1\""
  fi
}
row() { # name, measured, unit, limit or nothing, what the limit is
  local share=
  if [[ ${4:-} ]]; then
    share=$(LC_ALL=C awk -v m="$2" -v l="$4" -v u="$3" 'BEGIN { if (m > 0 && l > 0) printf "%.0f", 100 * (u == "s" ? l / m : m / l) }')
  fi
  rows+=("$(printf '%-44s %10s %-5s %10s %5s  %s' "$1" "$2" "$3" "${4:-}" "${share:+$share%}" "${5:-}")")
  json+=("$(printf '{"name":"%s","measured":%s,"unit":"%s","limit":%s,"percent":%s,"limitIs":"%s"}' \
    "$1" "$(value "$2")" "$3" "$(value "${4:-}")" "$(value "$share")" "${5:-}")")
}
check() { # name, command...; a last line "skipped: REASON" is told
  local name=$1 skipped
  shift
  if "$@" >"$out/$name.log" 2>&1; then
    skipped=$(sed -n '$s/^skipped: //p' "$out/$name.log")
    row "$name" "$([[ $skipped ]] && echo skipped || echo passed)" '' '' "$skipped"
  else
    row "$name" FAILED '' '' "$out/$name.log"
    failed=1
  fi
}
number() { # file, name: a number of the JSON document in it, 0 if there is none
  local found
  found=$(sed -n "s/.*\"$2\": *\([0-9][0-9.eE+-]*\).*/\1/p" "$1" | head -n 1)
  echo "${found:-0}"
}
calculate() { LC_ALL=C awk "BEGIN { printf \"%.4f\", $1 }"; }

echo "gpu-check: building" >&2
if [[ $emulated ]]; then
  properties=("-Djava.library.path=$emulation" -Dorg.bytedeco.javacpp.pathsFirst=true
    -Dorg.bytedeco.javacpp.cachedir=target/javacpp-emulation)
else
  properties=(-Dcairn.hardware=true -Dorg.bytedeco.javacpp.platform.extension=-gpu)
  if ! mvn -q -B -Djavacpp.platform.extension=-gpu -DskipTests -Dmaven.javadoc.skip=true package >"$out/build.log" 2>&1 ||
    ! bin/cairn demo --ranks 1 --parameters 100K --overwrite --output "$out/warm" >>"$out/build.log" 2>&1; then
    echo "gpu-check: the build failed: see $out/build.log" >&2
    exit 1
  fi
fi
if [[ ${CAIRN_TEST_CLASSPATH:-} ]]; then
  classpath=$CAIRN_TEST_CLASSPATH
else
  mvn -q -B dependency:build-classpath -Dmdep.includeScope=test -Dmdep.outputFile="$out/classpath" >>"$out/build.log"
  classpath=target/test-classes:target/classes:$(<"$out/classpath")
fi
if [[ ${CAIRN_TORCH_JAR:-} ]]; then
  classpath=$classpath:$CAIRN_TORCH_JAR
fi
program() {
  java "${properties[@]}" -Xmx2g -cp "$classpath" "$@"
}
gather() { # ranks, bytes: a process for each
  local rank pids=() status=0
  mkdir -p "$out/meet-$1"
  for ((rank = 0; rank < $1; rank++)); do
    RANK=$rank WORLD_SIZE=$1 CAIRN_RENDEZVOUS=$out/meet-$1 program dev.cairn.comm.NcclStages "$2" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || status=1
  done
  return "$status"
}

echo "gpu-check: test programs on ${#gpus[@]} x ${gpus[0]}" >&2
check kernels program dev.cairn.kernels.DeviceKernelsProgram
check streams program dev.cairn.kernels.StagedCastProgram NONE
mkdir -p "$out/saves" "$out/restores"
check saves program dev.cairn.DeviceSaveProgram saves "$out/saves"
check restores program dev.cairn.DeviceRestoreProgram restores "$out/restores"
check torch program dev.cairn.torch.CurrentStreamProgram "$out/torch"
check stages program dev.cairn.kernels.GpuStages "$stage" "$patterns"

log=$out/stages.log
memory=$(number "$log" memoryLimitGBs)
row 'device copy, bytes read and written' "$(number "$log" deviceCopyGBs)" GB/s "$memory" 'memory clock x width'
row 'cast F32 to BF16, bytes read and written' "$(number "$log" castGBs)" GB/s "$memory" 'memory clock x width'
row 'bucket into file order, read and written' "$(number "$log" unpackGBs)" GB/s "$memory" 'memory clock x width'
generation=${link%%,*} width=${link##*, }
pcie=$(number "$log" toHostGBs)
lane=(0 0.25 0.5 0.985 1.969 3.938 7.563)
row 'PCIe, device to pinned host memory' "$pcie" GB/s "$(calculate "${lane[generation]:-0} * $width")" "generation $generation x $width"

peer=0
for ((ranks = 2; ranks <= ${#gpus[@]}; ranks++)); do
  echo "gpu-check: gathering on $ranks GPUs" >&2
  check "gather-$ranks" gather "$ranks" "$bucket"
  log=$out/gather-$ranks.log
  peer=$(number "$log" peerCopyGBs)
  row "all-gather, $ranks GPUs, into rank 0" "$(number "$log" allGatherGBs)" GB/s "$peer" 'plain copy between 2 GPUs'
  row "send/receive, $ranks GPUs, into rank 0" "$(number "$log" sendReceiveGBs)" GB/s "$peer" 'plain copy between 2 GPUs'
done

# Reads once what is then written: how fast a plain program writes, forced as a durable save is.
written=$(LC_ALL=C dd if=/dev/zero of="$out/disk" bs=16M count="$blocks" conv=fsync 2>&1 | sed -n 's/.* copied, \([0-9.e-]*\) s,.*/\1/p')
rm -f "$out/disk"
plain=$(calculate "$blocks * 16 * 1048576 / 1e9 / ${written:-1}")

save() { # ranks, mode, device
  NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT NCCL_DEBUG_FILE=$out/nccl-$3-$2-$1.%p emulate bin/cairn demo --ranks "$1" --parameters "$parameters" --mode "$2" --device "$3" --durable --overwrite --json \
    --output "$out/$3-$2" >"$out/$3-$2-$1.json" 2>"$out/$3-$2-$1.log"
}
save 1 parallel cpu || { cat "$out/cpu-parallel-1.log" >&2; exit 1; }
expected=$(sha256sum <"$out/cpu-parallel/model.safetensors")
bytes=$(stat -c %s "$out/cpu-parallel/model.safetensors")
disk=$(calculate "$bytes / 1e9 / $(number "$out/cpu-parallel-1.json" seconds)")
row 'disk, a durable save from host memory' "$disk" GB/s "$plain" 'dd with fsync'

# What the README says a save takes, from what was measured here.
formula() { # ranks, mode
  LC_ALL=C awk -v s="$bytes" -v n="$1" -v mode="$2" -v link="$peer" -v pcie="$pcie" -v disk="$plain" -v b="$bucket" '
    function most(x, y) { return x > y ? x : y }
    function over(x, rate) { return rate > 0 ? x / 1e9 / rate : 0 }
    BEGIN {
      if (mode == "parallel" || n == 1) printf "%.4f", most(over(s / n, pcie), over(s, disk))
      else printf "%.4f", most(over(s * (n - 1) / n, link), most(over(s, pcie), over(s, disk))) + over(b, link) + over(b, pcie)
    }'
}
for ((ranks = 1; ranks <= ${#gpus[@]}; ranks++)); do
  for mode in parallel gather; do
    echo "gpu-check: saving $parameters from $ranks GPUs, $mode" >&2
    name="save, $ranks GPUs, $mode"
    if save "$ranks" "$mode" cuda && [[ $(sha256sum <"$out/cuda-$mode/model.safetensors") == "$expected" ]] &&
      [[ $mode == parallel || $ranks == 1 || $(grep -l 'Init COMPLETE' "$out/nccl-cuda-gather-$ranks".*) ]]; then
      row "$name" "$(number "$out/cuda-$mode-$ranks.json" seconds)" s "$(formula "$ranks" "$mode")" 'README: From GPUs; the bytes of the CPU'
    else
      row "$name" FAILED '' '' "$out/cuda-$mode-$ranks.log, other bytes, or not over NCCL"
      failed=1
    fi
  done
done
rm -rf "$out/cpu-parallel" "$out/cuda-parallel" "$out/cuda-gather" "$out/warm" \
  "$out/saves" "$out/restores" "$out/torch"

printf '%-44s %10s %-5s %10s %5s  %s\n' '' measured '' limit '' 'the limit is'
printf '%s\n' "${rows[@]}"
printf '{"emulated":%s,"gpus":%d,"gpu":"%s","parameters":"%s","bytes":%d,"results":[%s]}\n' \
  "$([[ $emulated ]] && echo true || echo false)" "${#gpus[@]}" "${gpus[0]}" "$parameters" "$bytes" \
  "$(IFS=,; echo "${json[*]}")" | tee "$out/result.json"
exit "$failed"
