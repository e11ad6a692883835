#!/usr/bin/env bash
# Checks Cairn on this machine, which needs an NVIDIA driver and nothing else: made by benchmarks/gpu-kit.sh, which names
# this file check.sh. Starts nothing new when its time is over, and leaves report.txt, report.json and logs in ./out.
#   check.sh [SECONDS]                      540 by default
#   check.sh --emulated FOLDER [SECONDS]    over an emulated driver, runtime and NCCL: says nothing of the machine
# OUT is another folder for the results, PARAMETERS other sizes of the models that are saved (1B 7B).
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
emulated= emulation=
if [[ ${1:-} == --emulated ]]; then
  emulated=1 emulation=$(cd -- "$2" && pwd -P)
  shift 2
fi
end=$((SECONDS + ${1:-540}))
out=${OUT:-$PWD/out}
rm -rf "$out"
mkdir -p "$out"
out=$(cd -- "$out" && pwd -P)
kit=$out/kit
mkdir "$kit"
tar -C "$kit" -xzf "$here/kit.tar.gz"

if [[ -e $here/nccl.xz ]]; then
  if command -v xz >/dev/null; then
    xz -dc "$here/nccl.xz" >"$kit/lib/libnccl.so.2"
  elif command -v python3 >/dev/null; then
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' \
      "$here/nccl.xz" "$kit/lib/libnccl.so.2"
  else
    echo 'check: neither xz nor python3: the NCCL that was packed is not used' >&2
  fi
fi

# NVIDIA's libraries: the machine's own before those that were packed; also where pip puts them.
native=/usr/local/nvidia/lib64:/usr/lib/x86_64-linux-gnu:/usr/lib64:/usr/local/cuda/lib64
for folder in /usr/lib/python3*/*-packages /usr/local/lib/python3*/*-packages "${VIRTUAL_ENV:-/none}"/lib/python3*/site-packages \
  "$HOME"/.local/lib/python3*/site-packages /opt/conda/lib/python3*/site-packages; do
  for library in "$folder"/nvidia/*/lib/lib{cudart.so.13,nccl.so.2}; do
    [[ -e $library ]] && native+=:${library%/*}
  done
done
nccl_version=0
for folder in ${native//:/ } "$kit/lib"; do
  if [[ $nccl_version == 0 && -e $folder/libnccl.so.2 ]]; then
    nccl_version=$(grep -a -o -m 1 'NCCL version [0-9]*\.[0-9]*\.[0-9]*' "$folder/libnccl.so.2" | awk '{ split($3, v, "."); print v[1] * 10000 + v[2] * 100 + v[3] }' | head -n 1)
    nccl_version=${nccl_version:-0}
  fi
done
native=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$native:$kit/lib
preload= parameters=${PARAMETERS:-1B 7B}
if [[ $emulated ]]; then
  native=$emulation preload=$emulation/libcuda.so.1:$emulation/libcudart.so.13 gpus=2
  parameters=${PARAMETERS:-100K}
  machine='emulated GPUs'
else
  gpus=$(ls -d /dev/nvidia[0-9]* 2>/dev/null | wc -l)
  ((gpus > 0)) || { echo 'check: no GPU: no /dev/nvidia0' >&2; exit 3; }
  # What it cannot tell, it calls [N/A].
  machine=$(nvidia-smi --query-gpu=name,driver_version,memory.total,pcie.link.gen.max,pcie.link.width.max --format=csv,noheader 2>/dev/null | head -n 1 || true)
  machine="$gpus x ${machine:-GPUs that nvidia-smi does not name}"
fi
machine+=", $(nproc) processors, kernel $(uname -r), NCCL ${nccl_version}, Java $(<"$kit/java-version")"

classpath=$(printf '%s:' "$kit"/jars/*.jar)
options=(-XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -Dcairn.hardware=true -Dcairn.built="$out"
  -Dorg.bytedeco.javacpp.platform.extension=-gpu -Dorg.bytedeco.javacpp.pathsFirst=true
  -Dorg.bytedeco.javacpp.cachedir="$out/cache" "-XX:ErrorFile=$out/hs_err_%p.log" -XX:-CreateCoredumpOnCrash)
if [[ $emulated ]]; then # tests end soon: what the second compiler gains, it costs twice
  options+=(-XX:TieredStopAtLevel=1)
fi
jvm() { # shellcheck disable=SC2086
  LD_LIBRARY_PATH=$native LD_PRELOAD=$preload ${JVM_UNDER:-} "$kit/jre/bin/java" "${options[@]}" -Xmx2g -cp "$classpath" "$@"
}
cli() {
  # Its ranks are processes that know only the environment.
  JDK_JAVA_OPTIONS="${options[*]:2}" jvm dev.cairn.cli.Main "$@"
}

source "$here/gpu-checks.sh"
status=0
run_checks "$machine" || status=$?
rm -rf "$kit" "$out/cache"
exit "$status"
