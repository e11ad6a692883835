#!/usr/bin/env bash
# Measures how long a save in the background holds a trainer, and what it costs the steps after that;
# writes benchmarks/results/stall.md.
#
#   benchmarks/stall.sh [PARAMETERS [RANKS [ROUNDS]]]      245e6, 2 and 9 unless given
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

bin/cairn --version >&2
classes=benchmarks/target/classes
if [[ ! -e $classes || -n $(find benchmarks/src benchmarks/pom.xml -newer "$classes" -print -quit) ]]; then
  mvn -q -B ${CAIRN_MAVEN_OPTIONS-} -f benchmarks -Djmh.skip=true verify >&2
  touch "$classes"
fi
scratch=benchmarks/target/stall
mkdir -p benchmarks/results
page=$(java --enable-native-access=ALL-UNNAMED \
  -cp "$classes:benchmarks/target/lib/*:target/cairn/cairn.jar:target/cairn/cairn-natives.jar" \
  dev.cairn.benchmarks.stall.AsyncStall "$scratch" "${1:-245e6}" "${2:-2}" "${3:-9}")
rm -rf "$scratch"
tee benchmarks/results/stall.md <<<"# How long \`saveAsync\` holds a trainer

$page

Command: \`benchmarks/stall.sh $*\`"
