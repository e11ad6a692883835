# The checks of a machine with GPUs, in the order in which they tell most: sourced by gpu-check.sh, on a machine with a
# checkout and its tools, and by a kit's check.sh, on one with a driver and nothing else. Expects from them:
#   out         a folder that exists: logs, report.txt, report.json
#   end         of $SECONDS: no new work begins after that
#   emulated    1 over the emulated CUDA and NCCL, with less of everything; else empty
#   gpus        how many there are
#   parameters  of the models that are saved: the first is compared with the CPU's bytes
#   jvm ...     runs java with the class path of the tests and the library for GPUs
#   cli ...     runs the command line
#   native      folders of NVIDIA's libraries, for jvm under a tool of theirs
# What one check finds does not stop the others. Ends with finish, whose status is 1 if anything differed.

failed=0 rows=() json=()

value() { # as JSON has it
  if [[ -z $1 ]]; then
    echo null
  elif [[ $1 =~ ^(0|[1-9][0-9]*)(\.[0-9]+)?$ ]]; then
    echo "$1"
  else
    echo "\"${1//[\"\\]/ }\""
  fi
}
row() { # name, measured, unit, bound or nothing, what the bound is
  local share=
  if [[ ${4:-} ]]; then
    share=$(LC_ALL=C awk -v m="$2" -v l="$4" -v u="$3" 'BEGIN { if (m > 0 && l > 0) printf "%.0f", 100 * (u ~ /s$/ && u !~ /\// ? l / m : m / l) }')
  fi
  rows+=("$(printf '%-44s %10s %-5s %10s %5s  %s' "$1" "$2" "$3" "${4:-}" "${share:+$share%}" "${5:-}")")
  json+=("$(printf '{"name":"%s","measured":%s,"unit":"%s","bound":%s,"percent":%s,"boundIs":%s}' \
    "$1" "$(value "$2")" "$3" "$(value "${4:-}")" "$(value "$share")" "$(value "${5:-}")")")
  echo "  ${rows[-1]}" >&2
}
left() { echo $((end - SECONDS)); }

check() { # name, limit in seconds, command...; a last line "skipped: REASON" is told
  local name=$1 limit=$2 begin=$SECONDS skipped status=0
  shift 2
  if (($(left) <= 1)); then
    row "$name" skipped '' '' 'no time left'
    return 1
  fi
  ((limit < $(left))) || limit=$(left)
  within "$limit" "$@" >"$out/$name.log" 2>&1 || status=$?
  skipped=$(sed -n 's/^\(rank 0: \)*skipped: //p' "$out/$name.log" | tail -n 1)
  if ((status == 0)); then
    row "$name" "$([[ $skipped ]] && echo skipped || echo passed)" '' '' "${skipped:-in $((SECONDS - begin)) s}"
    [[ ! $skipped ]]
  elif ((status == 124 && $(left) <= 1)); then
    row "$name" skipped '' '' 'no time left'
    return 1
  else
    row "$name" FAILED '' '' "status $status: $(grep -m 1 -E 'Exception|Error|error' "$out/$name.log" | tr -d '\t' | cut -c1-200)"
    failed=1
    return 1
  fi
}
# Runs a function or a command, and ends it with all its processes if it takes longer.
within() { # seconds, command...
  local limit=$1 begin=$SECONDS pid watch status=0
  shift
  set -m # each with a process group of its own
  "$@" &
  pid=$!
  { sleep "$limit" && kill -KILL -- "-$pid"; } >/dev/null 2>&1 &
  watch=$!
  set +m
  wait "$pid" || status=$?
  kill -KILL -- "-$watch" "-$pid" 2>/dev/null || true
  wait "$watch" 2>/dev/null || true
  ((status == 0 || SECONDS - begin < limit)) || status=124
  return "$status"
}
number() { # file, name: a number of the JSON document in it, 0 if there is none
  local found
  found=$(sed -n "s/.*\"$2\": *\([0-9][0-9.eE+-]*\).*/\1/p" "$1" 2>/dev/null | head -n 1)
  echo "${found:-0}"
}
calculate() { LC_ALL=C awk "BEGIN { printf \"%.4f\", $1 }"; }
ranks() { # how many, main class, argument...: a process for each
  local count=$1 rank pids=() status=0 meeting
  shift
  meeting=$(mktemp -d "$out/meet.XXXXXX")
  for ((rank = 0; rank < count; rank++)); do
    RANK=$rank WORLD_SIZE=$count CAIRN_RENDEZVOUS=$meeting jvm "$@" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || status=1
  done
  return "$status"
}

# Long enough to tell the memory's speed from a launch.
stage=$((1 << 30)) patterns=$((1 << 32)) bucket=$((256 << 20)) blocks=256
if [[ $emulated ]]; then
  stage=$((1 << 20)) patterns=$((1 << 16)) bucket=$((1 << 16)) blocks=1
fi

check_one_gpu() {
  mkdir -p "$out/guest" "$out/saves" "$out/restores"
  check contexts-and-last-error 60 jvm dev.cairn.gpu.GuestProgram all "$out/guest" "$bucket"
  check casts-and-unpacks 120 jvm dev.cairn.kernels.DeviceKernelsProgram
  if check stages 180 jvm dev.cairn.kernels.GpuStages "$stage" "$patterns"; then
    local log=$out/stages.log memory
    memory=$(number "$log" deviceCopyGBs)
    row 'patterns of F32 cast to BF16 and to F16' "$(number "$log" patterns)" each
    row 'device copy, bytes read and written' "$memory" GB/s "$(number "$log" memoryLimitGBs)" 'memory clock x width'
    row 'cast F32 to BF16, bytes read and written' "$(number "$log" castGBs)" GB/s "$memory" 'device copy'
    row 'bucket into file order, read and written' "$(number "$log" unpackGBs)" GB/s "$memory" 'device copy'
    pinned=$(number "$log" toHostGBs)
    row 'copy to pinned host memory' "$pinned" GB/s
  fi
  check streams 120 jvm dev.cairn.kernels.StagedCastProgram NONE
  check saves 180 jvm dev.cairn.gpu.DeviceSaveProgram saves "$out/saves"
  check restores 180 jvm dev.cairn.gpu.DeviceRestoreProgram restores "$out/restores"
  if [[ ${CAIRN_TORCH_JAR:-} ]]; then
    check torch 120 jvm dev.cairn.torch.CurrentStreamProgram "$out/torch"
  fi
}

gathered() { # check's name: rows of what it measured
  local log=$out/$1.log way copy is='device copy'
  copy=$(number "$log" peerCopyMillis)
  if [[ $copy == 0 ]]; then
    copy=$(number "$log" deviceCopyMillis)
  else
    is='copy between 2 GPUs'
  fi
  for way in allGatherFirst allGather sendReceiveFirst sendReceive; do
    row "$1, $way" "$(number "$log" "${way}Millis")" ms "$copy" \
      "$is of as much; the call took $(number "$log" "${way}CallMillis") ms"
  done
}
check_nccl() {
  local count
  if check nccl-1-rank 120 jvm dev.cairn.comm.nccl.NcclKitRank gathers "$bucket"; then
    gathered nccl-1-rank
  fi
  if ((gpus > 1)) || [[ $emulated ]]; then
    for ((count = 2; count <= gpus; count++)); do
      if check "nccl-$count-gpus" 120 ranks "$count" dev.cairn.comm.nccl.NcclKitRank gathers $((bucket / count)); then
        gathered "nccl-$count-gpus"
      fi
    done
    check nccl-peer-is-killed 120 ranks 2 dev.cairn.comm.nccl.NcclKitRank killed "$bucket" &&
      row 'nccl-peer-is-killed, noticed' "$(number "$out/nccl-peer-is-killed.log" noticedMillis)" ms
  elif [[ ${nccl_version:-0} -ge 23000 ]]; then # NCCL 2.30
    export NCCL_MULTI_RANK_GPU_ENABLE=1 NCCL_MAX_CTAS=8
    if check nccl-2-ranks-1-gpu 120 ranks 2 dev.cairn.comm.nccl.NcclKitRank gathers $((bucket / 2)); then
      gathered nccl-2-ranks-1-gpu
    fi
    check nccl-peer-is-killed 120 ranks 2 dev.cairn.comm.nccl.NcclKitRank killed $((bucket / 2)) &&
      row 'nccl-peer-is-killed, noticed' "$(number "$out/nccl-peer-is-killed.log" noticedMillis)" ms
    unset NCCL_MULTI_RANK_GPU_ENABLE NCCL_MAX_CTAS
  else
    row nccl-2-ranks skipped '' '' 'one GPU, and no NCCL 2.30 that lets ranks share it'
  fi
}

save() { # parameters, ranks, mode, device
  cli demo --ranks "$2" --parameters "$1" --mode "$3" --device "$4" --durable --overwrite --json \
    --output "$out/saved-$4" 2>"$out/save-$4-$3-$2-$1.err" >"$out/save-$4-$3-$2-$1.json" ||
    { cat "$out/save-$4-$3-$2-$1.err"; return 1; }
}
# Reads once what is then written: how fast a plain program writes, forced as a durable save is.
measure_disk() {
  local seconds
  seconds=$(LC_ALL=C dd if=/dev/zero of="$out/disk" bs=16M count="$blocks" conv=fsync 2>&1 | sed -n 's/.* copied, \([0-9.e-]*\) s,.*/\1/p')
  rm -f "$out/disk"
  disk=$(calculate "$blocks * 16 * 1048576 / 1e9 / ${seconds:-1}")
  row 'disk, dd with fsync' "$disk" GB/s
}
sum() { cat "$out/saved-$1"/*.safetensors | sha256sum; }
has_room() { # parameters: in host memory as F32, and twice as BF16 on the disk
  local gigabytes=${1%B}
  [[ $1 == *B ]] || return 0
  (($(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo) > 5 * gigabytes &&
    $(df -Pk "$out" | awk 'NR == 2 { print int($4 / 1048576) }') > 5 * gigabytes))
}
check_saves() {
  local size count mode name file expected bytes
  (($(left) > 1)) && measure_disk
  for size in $parameters; do
    if ! has_room "$size"; then
      row "save $size" skipped '' '' 'not enough host memory or disk'
      continue
    fi
    expected=
    if [[ $size == "${parameters%% *}" ]]; then
      check "save-$size-cpu" 120 save "$size" 1 parallel cpu || continue
      expected=$(sum cpu)
      rm -rf "$out/saved-cpu"
    fi
    for ((count = 1; count <= gpus; count++)); do
      for mode in parallel gather; do
        ((count > 1)) || [[ $mode == parallel ]] || continue
        name="save-$size-$count-gpus-$mode"
        check "$name" 200 save "$size" "$count" "$mode" cuda || continue
        if [[ $expected && $(sum cuda) != "$expected" ]]; then
          row "$name" FAILED '' '' "other bytes than the CPU's"
          failed=1
        fi
        rm -rf "$out/saved-cuda"
        file=$out/save-cuda-$mode-$count-$size.json
        bytes=$(number "$file" bytes)
        row "$name" "$(calculate "$(number "$file" seconds)")" s "$(bound "$bytes" "$count" "$mode")" 'the slower of pinned copy and disk'
        for phase in plan prepare copy force commit; do
          row "  $phase" "$(calculate "$(number "$file" "$phase")")" s
        done
      done
    done
  done
}
bound() { # bytes, ranks, mode: what was measured here says it takes at least
  LC_ALL=C awk -v s="$1" -v n="$2" -v mode="$3" -v pinned="${pinned:-0}" -v disk="${disk:-0}" '
    function over(x, rate) { return rate > 0 ? x / 1e9 / rate : 0 }
    BEGIN {
      copied = over(mode == "parallel" ? s / n : s, pinned)
      written = over(s, disk)
      printf "%.4f", (copied > written ? copied : written)
    }'
}

check_with_sanitizer() {
  local tool
  if ! command -v compute-sanitizer >/dev/null; then
    row memcheck skipped '' '' 'no compute-sanitizer'
    return
  fi
  for tool in memcheck racecheck; do
    check "$tool" 180 under compute-sanitizer --tool "$tool" --error-exitcode 9
  done
}
under() { # a tool and its options
  JVM_UNDER="$*" jvm dev.cairn.kernels.DeviceKernelsProgram
}

finish() { # a line that says what machine this is
  {
    echo "$1"
    printf '%-44s %10s %-5s %10s %5s  %s\n' '' measured '' bound '' 'the bound is'
    printf '%s\n' "${rows[@]}"
  } | tee "$out/report.txt"
  times >"$out/times" # of this shell, and in the second line of all that it ran
  printf '{"emulated":%s,"machine":"%s","gpus":%d,"parameters":"%s","seconds":%d,"processorSeconds":%s,"failed":%s,"results":[%s]}\n' \
    "$([[ $emulated ]] && echo true || echo false)" "${1//[\"\\]/ }" "$gpus" "$parameters" "$SECONDS" \
    "$(LC_ALL=C tr 'ms' '  ' <"$out/times" | awk 'NR == 2 { printf "%.1f", $1 * 60 + $2 + $3 * 60 + $4 }')" \
    "$( ((failed)) && echo true || echo false)" "$(IFS=,; echo "${json[*]}")" >"$out/report.json"
  rm -rf "$out/times" "$out"/meet.* "$out/guest" "$out/saves" "$out/restores" "$out/torch" "$out"/saved-*
  return "$failed"
}

run_checks() { # a line that says what machine this is
  pinned=0 disk=0
  check_one_gpu
  check_nccl
  check_saves
  check_with_sanitizer
  finish "$1"
}
