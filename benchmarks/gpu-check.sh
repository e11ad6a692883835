#!/usr/bin/env bash
# Checks and measures Cairn on a machine with GPUs, Java, Maven and CUDA's compiler: builds once, then runs the checks of
# gpu-checks.sh, among them PyTorch's current stream if CAIRN_TORCH_JAR is Bytedeco's pytorch-…-linux-x86_64-gpu.jar.
# Ends with a table; that, report.json and logs are in target/gpu-check. Exit 1 if anything differs, 3 if something is
# missing. For a machine with a driver and nothing else there is gpu-kit.sh.
#   benchmarks/gpu-check.sh [PARAMETERS]              of the models that are saved: '1B 7B' by default
#   benchmarks/gpu-check.sh --emulated [PARAMETERS]   all of it but the build, over the emulated CUDA and NCCL of the
#                                                     tests: says whether it works, and nothing of speed
# Nothing new begins after CAIRN_CHECK_SECONDS, 3600 unless set.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
emulated=
if [[ ${1:-} == --emulated ]]; then
  emulated=1
  shift
fi
parameters=${1:-1B 7B}
end=$((SECONDS + ${CAIRN_CHECK_SECONDS:-3600}))

missing() {
  echo "gpu-check: $1" >&2
  exit 3
}
out=$PWD/target/gpu-check
rm -rf "$out"
mkdir -p "$out"
native=${LD_LIBRARY_PATH:-} preload= nccl_version=0
options=(-XX:+UseSerialGC --enable-native-access=ALL-UNNAMED "-Dcairn.built=$PWD/target/native/linux-x86_64")
if [[ $emulated ]]; then
  emulation=$PWD/target/native/linux-x86_64/emulation
  [[ -e $emulation/libnccl.so.2 ]] || missing 'build first: mvn -B package'
  native=$emulation preload=$emulation/libcuda.so.1:$emulation/libcudart.so.13 gpus=2 machine='emulated GPUs'
  # The driver and the runtime before real ones, where there are some. Nothing runs for long.
  options+=("-Djava.library.path=$emulation" -Dorg.bytedeco.javacpp.pathsFirst=true -XX:TieredStopAtLevel=1
    "-Dorg.bytedeco.javacpp.cachedir=$PWD/target/javacpp-emulation")
else
  for tool in java mvn g++ "${CAIRN_NVCC:-nvcc}"; do
    command -v "$tool" >/dev/null || missing "$tool is missing"
  done
  gpus=$(find /dev -maxdepth 1 -name 'nvidia[0-9]*' | wc -l)
  ((gpus > 0)) || missing 'no GPU: no /dev/nvidia0'
  # What it cannot tell, it calls [N/A].
  machine=$(nvidia-smi --query-gpu=name,driver_version,memory.total,pcie.link.gen.max,pcie.link.width.max --format=csv,noheader 2>/dev/null | head -n 1 || true)
  machine="$gpus x ${machine:-GPUs that nvidia-smi does not name}"
  options+=(-Dcairn.hardware=true -Dorg.bytedeco.javacpp.platform.extension=-gpu)
  echo 'gpu-check: building' >&2
  mvn -q -B -Djavacpp.platform.extension=-gpu -DskipTests -Dmaven.javadoc.skip=true package >"$out/build.log" 2>&1 ||
    missing "the build failed: see $out/build.log"
fi
machine+=", $(nproc) processors, kernel $(uname -r)"
if [[ ${CAIRN_TEST_CLASSPATH:-} ]]; then
  classpath=$CAIRN_TEST_CLASSPATH
else
  classpath=target/test-classes:target/classes$(printf ':%s' target/lib/*.jar target/lib-cuda/*.jar target/lib-gloo/*.jar target/cairn-*-gpu.jar)
fi
classpath+=${CAIRN_TORCH_JAR:+:$CAIRN_TORCH_JAR}

jvm() { # shellcheck disable=SC2086
  LD_LIBRARY_PATH=$native LD_PRELOAD=$preload ${JVM_UNDER:-} java "${options[@]}" -Xmx2g -cp "$classpath" "$@"
}
cli() {
  # Its ranks are processes that know only the environment.
  JDK_JAVA_OPTIONS="${options[*]:2}" jvm dev.cairn.cli.Main "$@"
}

source benchmarks/gpu-checks.sh
status=0
run_checks "$machine" || status=$?
exit "$status"
