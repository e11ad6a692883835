#!/usr/bin/env bash
# Packs into a folder what checks Cairn on a machine that has an NVIDIA driver and nothing else: no JDK, Maven, compiler,
# network. The folder, at most 45 MiB, is copied there, and its check.sh run.
#   benchmarks/gpu-kit.sh OUT [NCCL]
# NCCL is a libnccl.so.2, or a pip wheel of it: without, what the machine has is checked. Needs a checkout whose library
# for GPUs is built (mvn -B -Djavacpp.platform.extension=-gpu -DskipTests package), CUDA's compiler, whose runtime is
# packed, and a JDK of 25 or newer whose jlink makes the Java runtime: KIT_JDK, or what there is in /usr/lib/jvm. That
# should ask for no newer glibc than the machine has, as Temurin's does, which runs from glibc 2.17 on.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
most_bytes=$((45 << 20))

missing() {
  echo "gpu-kit: $1" >&2
  exit 3
}
[[ $# -ge 1 ]] || missing 'usage: benchmarks/gpu-kit.sh OUT [NCCL]'
out=$(mkdir -p -- "$1" && cd -- "$1" && pwd -P)
[[ -z $(ls -A "$out") ]] || missing "not an empty folder: $out"
nccl=${2:-}
jar=$(compgen -G 'target/cairn-*-linux-x86_64-gpu.jar' | head -n 1) ||
  missing 'no library for GPUs: mvn -B -Djavacpp.platform.extension=-gpu -DskipTests package'
classes=$(compgen -G 'target/cairn-*-SNAPSHOT.jar' | head -n 1) || missing 'build first: mvn -B package'
runtime=$(readlink -f target/native/linux-x86_64-gpu/lib/libcudart.so.13) || missing "no CUDA runtime where nvcc's was linked"

jdk=${KIT_JDK:-}
for candidate in /usr/lib/jvm/*; do
  if [[ ! $jdk && -x $candidate/bin/jlink && $(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$candidate/release") -ge 25 ]]; then
    jdk=$candidate
  fi
done
if [[ ! $jdk ]]; then # what the build runs on, which works where its glibc is
  jdk=$(dirname -- "$(dirname -- "$(readlink -f -- "$(command -v javac)")")")
  echo "gpu-kit: no JDK 25 or newer: packing $jdk" >&2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kit=$work/kit
mkdir -p "$kit/jars" "$kit/lib" "$work/cuda"
"$jdk/bin/jlink" --add-modules java.base,java.logging,java.management,jdk.jfr,jdk.unsupported --strip-debug \
  --no-header-files --no-man-pages --output "$kit/jre" >/dev/null
rm -rf "$kit/jre/legal"
sed -n 's/^JAVA_RUNTIME_VERSION="\(.*\)"/\1/p' "$jdk/release" >"$kit/java-version"

cp -- "$classes" "$kit/jars/cairn.jar"
cp -- "$jar" "$kit/jars/cairn-gpu.jar"
cp -- target/lib/{jackson-core,javacpp,picocli,progressbar,jline-terminal,jline-native}-*.jar "$kit/jars/"
cp -- "$runtime" "$kit/lib/libcudart.so.13"
# The checks are programs among the tests; what only tests need of other libraries, they do not.
pack() { python3 - "$@"; }
pack "$kit/jars/checks.jar" <<'P'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as jar:
    root = "target/test-classes"
    for folder, _, names in sorted(os.walk(os.path.join(root, "dev"))):
        if not any(part in folder for part in ("/architecture", "/fuzz", "/deepspeed", "/peft", "/hf", "/example")):
            for name in sorted(names):
                if name.endswith(".class"):
                    path = os.path.join(folder, name)
                    jar.write(path, os.path.relpath(path, root))
P
# Of CUDA's bindings, those of the runtime and of NCCL.
pack "$kit/jars/cuda.jar" target/lib-cuda/cuda-*.jar <<'P'
import re, sys, zipfile
kept = re.compile(r"org/bytedeco/cuda/((cudart|nccl)/|(global|presets)/(cudart|nccl)[^/]*\.class|linux-x86_64/libjni(cudart|nccl)\.so)")
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as jar:
    for source in sys.argv[2:]:
        with zipfile.ZipFile(source) as whole:
            for name in whole.namelist():
                if kept.match(name) and not name.endswith("/"):
                    jar.writestr(name, whole.read(name))
P
if [[ $nccl ]]; then
  if [[ $nccl == *.whl ]]; then
    python3 -c 'import sys, zipfile; open(sys.argv[2], "wb").write(zipfile.ZipFile(sys.argv[1]).read("nvidia/nccl/lib/libnccl.so.2"))' \
      "$nccl" "$work/libnccl.so.2"
    nccl=$work/libnccl.so.2
  fi
  python3 benchmarks/trim_nccl.py "$nccl" "$work/trimmed" 90
  # Smaller than gzip makes it, and there is not always something to unpack it with.
  xz -6 <"$work/trimmed" >"$out/nccl.xz"
fi
tar -C "$kit" -czf "$out/kit.tar.gz" .
cp benchmarks/gpu-checks.sh "$out/"
cp benchmarks/gpu-kit-check.sh "$out/check.sh"

bytes=$(cat "$out"/* | wc -c)
((bytes <= most_bytes)) || missing "too large: bytes=$bytes, expected at most $most_bytes"
echo "gpu-kit: $out, $bytes bytes, Java $(<"$kit/java-version")"
