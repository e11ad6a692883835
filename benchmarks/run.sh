#!/usr/bin/env bash
# Measures Cairn beside its bounds and the peers that are installed, and writes raw results, a table
# and charts under benchmarks/results.
#
#   benchmarks/run.sh [--only kernels,plan,start,save,durable,growth,ranks,scale,restore,consolidate,consolidate-held,consolidate-dcp,…] [--keep true]
#                     [--candidates 'NAME;…'] [--rounds N] [--uncounted N] [--warm-mib N] [--scratch DIR] [--results DIR]
#                     [--parameters N] [--large N] [--growth N,…] [--worlds N,…] [--tensors N,…] [--ranks N,…] [--threads N] [--layers N]
#                                           --keep: works that are not measured stay in the results
#   benchmarks/run.sh --jmh [PATTERN]         kernels and planning alone, at JMH's full length
#   benchmarks/run.sh --smoke [--candidates …] all of it once, tiny, as the tests do
#   benchmarks/run.sh --compare OLD NEW       two results.json: what became slower
#
# CAIRN_PYTHON names a Python that has torch, safetensors and transformers.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

bin/cairn --version >&2
classes=benchmarks/target/classes
if [[ ! -e $classes || -n $(find benchmarks/src benchmarks/native benchmarks/pom.xml target/cairn/cairn.jar -newer "$classes" -print -quit) ]]; then
  mvn -q -B ${CAIRN_MAVEN_OPTIONS-} -f benchmarks -Djmh.skip=true verify >&2
  touch "$classes"
fi
run() {
  local main=$1
  shift
  java -Djmh.ignoreLock=true -Dcairn.benchmark.phases="${CAIRN_BENCHMARK_PHASES:-false}" --enable-native-access=ALL-UNNAMED \
    -cp "$classes:benchmarks/target/made-up:benchmarks/target/lib/*:target/cairn/cairn.jar:target/cairn/cairn-natives.jar" "$main" "$@"
}

case ${1-} in
  --jmh)
    mkdir -p benchmarks/results
    run org.openjdk.jmh.Main "${2:-.*}" -rf json -rff benchmarks/results/jmh.json
    ;;
  --smoke)
    results=benchmarks/target/smoke
    rm -rf "$results"
    # Not growth, consolidate-large and consolidate-held: they are save and consolidate with other sizes or files;
    # nor consolidate-dcp, whose files only the peers can make.
    run dev.cairn.benchmarks.Suite --only kernels,plan,start,save,durable,ranks,scale,restore,consolidate,merge,merge-experts \
      --rounds 1 --uncounted 0 --warm-mib 0 --parameters 1e6 --worlds 1,2 --tensors 100,1000 --ranks 3,20 --threads 5 --layers 1 \
      --scratch benchmarks/target/scratch --results "$results" "${@:2}"
    run org.openjdk.jmh.Main 'PlanBenchmark.plan$' -p tensors=1000 -f 1 -wi 0 -i 1 -r 100ms >"$results/jmh.txt"
    run dev.cairn.benchmarks.report.Compare "$results/results.json" "$results/results.json"
    ;;
  --compare) run dev.cairn.benchmarks.report.Compare "$2" "$3" ;;
  *) run dev.cairn.benchmarks.Suite "$@" ;;
esac
