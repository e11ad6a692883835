#!/usr/bin/env bash
# Builds the native code; the only place that knows compilers. Needs g++ only.
#   cppbuild.sh        what the jar needs: target/native/$PLATFORM$EXTENSION/lib; silent when up to date
#   cppbuild.sh test   builds and runs native/test: once under ASan and UBSan, once optimised and exhaustive
# Maven calls it; PLATFORM and EXTENSION are JavaCPP's.
set -euo pipefail
cd "$(dirname "$0")"

platform="${PLATFORM:-linux-x86_64}${EXTENSION:-}"
out="target/native/$platform"
cxx="${CXX:-g++}"
flags=(-std=c++17 -O3 -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti
  -Wall -Wextra -Werror -Inative/include -Inative/src/cpu)

if ! command -v "$cxx" >/dev/null; then
  echo "cppbuild.sh: no C++ compiler: $cxx; install one, e.g. apt-get install g++" >&2
  exit 1
fi

avx2=(-mavx2 -mf16c)
avx512=(-mavx512f -mavx512bw -mavx512dq -mavx512vl -mf16c -mprefer-vector-width=512)
crc=(-msse4.2 -mpclmul)

# object name | source | flags of its own: the kernels
units() {
  echo "cast_baseline cast.inc.cpp -DCAIRN_CASTS=kCastsBaseline"
  echo "cast_avx2 cast.inc.cpp -DCAIRN_CASTS=kCastsAvx2 ${avx2[*]}"
  echo "cast_avx512 cast.inc.cpp -DCAIRN_CASTS=kCastsAvx512 ${avx512[*]}"
  echo "crc32c_table crc32c_table.cpp"
  echo "crc32c_sse42 crc32c_sse42.cpp ${crc[*]}"
  echo "crc32c_vpclmul crc32c_vpclmul.cpp ${crc[*]} -mavx512f -mvpclmulqdq"
  echo "cpu cpu.cpp"
  echo "isa isa.cpp"
  echo "file file.cpp"
}

# True if $1 is missing or older than this script or anything under native/.
stale() {
  [ ! -e "$1" ] || [ -n "$(find cppbuild.sh native -newer "$1" -print -quit)" ]
}

# compile DIR FLAG...: every unit into DIR/*.o, as many at once as there are processors.
compile() {
  local dir="$1"
  shift
  mkdir -p "$dir"
  units | while read -r object source own; do
    echo "$cxx ${flags[*]} $* $own -c native/src/cpu/$source -o $dir/$object.o"
  done | xargs -P "$(nproc)" -I{} bash -c '{}'
}

library() {
  local archive="$out/lib/libcairn_cpu.a"
  stale "$archive" || return 0
  compile "$out/obj"
  mkdir -p "$out/lib"
  # What only the library that JavaCPP links wants; tests have the C++ library's own.
  # Each in an archive, so that the linker can be told to export nothing of it.
  "$cxx" "${flags[@]}" -c native/src/jni/allocate.cpp -o "$out/allocate.o"
  ar rcs "$out/lib/libcairn_jni.a" "$out/allocate.o"
  rm -f "$archive.tmp"
  ar rcs "$archive.tmp" "$out"/obj/*.o
  mv "$archive.tmp" "$archive"
}

# program NAME OBJECTS_OR_ARCHIVE FLAG...: native/test/NAME.cpp linked with what it tests.
program() {
  local name="$1" tested="$2"
  shift 2
  echo "$cxx ${flags[*]} -fexceptions -Inative/test $* native/test/$name.cpp $tested -o $out/test/$name -pthread"
}

run_tests() {
  local sanitize=(-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all)
  library
  if stale "$out/test/built"; then
    compile "$out/test/obj" "${sanitize[@]}"
    {
      program test_cast "$out/test/obj/*.o" "${sanitize[@]}"
      program test_crc32c "$out/test/obj/*.o" "${sanitize[@]}"
      program test_file "$out/test/obj/*.o" "${sanitize[@]}"
      program exhaustive "$out/lib/libcairn_cpu.a"
      program test_cuda "$out/test/obj/*.o" "${sanitize[@]}" -Inative/emulation -x c++ native/src/cuda/cuda.cu -x none
    } | xargs -P "$(nproc)" -I{} bash -c '{}'
    touch "$out/test/built"
  fi
  rm -rf "$out/test/files"
  mkdir -p "$out/test/files"
  "$out/test/test_cast"
  "$out/test/test_crc32c"
  "$out/test/test_file" "$out/test/files"
  "$out/test/test_cuda"
  "$out/test/exhaustive"
  echo "native tests passed: test_cast test_crc32c test_file test_cuda (ASan, UBSan), exhaustive"
}

case "${1:-library}" in
  library) library ;;
  test) run_tests ;;
  *)
    echo "usage: cppbuild.sh [test]" >&2
    exit 2
    ;;
esac
