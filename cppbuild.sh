#!/usr/bin/env bash
# Builds the native code; the only place that knows compilers. Needs g++ only, and nvcc for EXTENSION=-gpu.
#   cppbuild.sh            what the jar holds: the kernels, and around them the code that JavaCPP wrote into
#                          target/native/jni, in target/classes; with EXTENSION=-gpu those for GPUs too.
#                          Silent when up to date. The same sources and compiler make the same bytes
#   cppbuild.sh emulation  what tests of GPU code need: .../emulation, with the kernels compiled for the host
#   cppbuild.sh test       builds and runs native/test: once under ASan and UBSan, once optimised and exhaustive;
#                          for another processor than this one under qemu-user
# CAIRN_NVCC is the CUDA compiler if it is not nvcc, CAIRN_CUDA_ARCHITECTURES what it makes code for.
# CXX is the C++ compiler if it is not g++, and for PLATFORM=linux-arm64 elsewhere aarch64-linux-gnu-g++.
# Maven calls it; PLATFORM and EXTENSION are JavaCPP's, JAVA_HOME has jni.h.
set -euo pipefail
cd "$(dirname "$0")"
export LC_ALL=C # the order of files is that of objects in a library

platform="${PLATFORM:-linux-x86_64}"
out="target/native/$platform"
cxx=g++
if [ "$platform" = linux-arm64 ] && [ "$(uname -m)" != aarch64 ]; then cxx=aarch64-linux-gnu-g++; fi
cxx="${CXX:-$cxx}"
flags=(-std=c++17 -O3 -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti
  -Wall -Wextra -Werror -Inative/include -Inative/src/cpu)

if ! command -v "$cxx" >/dev/null; then
  echo "cppbuild.sh: no C++ compiler: $cxx; install one, e.g. apt-get install g++${cxx#g++}" >&2
  exit 1
fi

ar="${cxx%g++}ar"
command -v "$ar" >/dev/null || ar=ar
avx2=(-mavx2 -mf16c)
fma=(-mfma) # the processors with AVX2 have it; isa_x86_64.cpp makes sure
avx512=(-mavx512f -mavx512bw -mavx512dq -mavx512vl -mf16c -mprefer-vector-width=512)
crc=(-msse4.2 -mpclmul)

# object name | source | flags of its own: the kernels
units() {
  echo "cast_baseline cast.inc.cpp -DCAIRN_CASTS=kCastsBaseline"
  echo "product_baseline product.inc.cpp -DCAIRN_PRODUCT=ProductBaseline"
  echo "crc32c_table crc32c_table.cpp"
  echo "cpu cpu.cpp"
  echo "file file.cpp"
  if [ "$platform" = linux-arm64 ]; then
    echo "crc32c_arm64 crc32c_arm64.cpp -march=armv8-a+crc"
    echo "isa_arm64 isa_arm64.cpp"
    return
  fi
  echo "cast_avx2 cast.inc.cpp -DCAIRN_CASTS=kCastsAvx2 ${avx2[*]}"
  echo "cast_avx512 cast.inc.cpp -DCAIRN_CASTS=kCastsAvx512 ${avx512[*]}"
  echo "product_avx2 product.inc.cpp -DCAIRN_PRODUCT=ProductAvx2 ${avx2[*]} ${fma[*]}"
  echo "product_avx512 product.inc.cpp -DCAIRN_PRODUCT=ProductAvx512 ${avx512[*]} ${fma[*]}"
  echo "crc32c_sse42 crc32c_sse42.cpp ${crc[*]}"
  echo "crc32c_vpclmul crc32c_vpclmul.cpp ${crc[*]} -mavx512f -mvpclmulqdq"
  echo "isa_x86_64 isa_x86_64.cpp"
}

# older FILE SOURCE...: true if FILE is missing, or older than this script or any source.
older() {
  [ ! -e "$1" ] || [ -n "$(find cppbuild.sh "${@:2}" -newer "$1" -print -quit)" ]
}

# True if $1 is missing or older than this script or anything under native/.
stale() {
  older "$1" native
}

# compile DIR FLAG...: every unit into DIR/*.o, as many at once as there are processors.
compile() {
  local dir="$1"
  shift
  rm -rf "$dir"
  mkdir -p "$dir"
  units | while read -r object source own; do
    echo "$cxx ${flags[*]} $* $own -c native/src/cpu/$source -o $dir/$object.o"
  done | xargs -P "$(nproc)" -I{} bash -c '{}'
}

library() {
  local archive="$out/lib/libcairn_cpu.a"
  older "$archive" native/include native/src/cpu || return 0
  compile "$out/obj"
  mkdir -p "$out/lib"
  rm -f "$archive.tmp"
  "$ar" rcs "$archive.tmp" "$out"/obj/*.o
  mv "$archive.tmp" "$archive"
}

# What Maven asks for.
libraries() {
  local classes="target/classes/dev/cairn" folder="$platform${EXTENSION:-}"
  library
  support
  jni jnicairn "$classes/$folder" "$out"/lib/libcairn_{cpu,jni}.a
  if [ "${EXTENSION:-}" = -gpu ]; then
    cuda_library
    jni jnicairncuda "$classes/kernels/jni/$folder" \
      "$out-gpu"/lib/{libcairn_cuda.a,libcudart.so.13} "$out/lib/libcairn_jni.a"
  fi
}

# What libraries that are packed have of the C++ library; tests have all of it. In an archive, so that the
# linker can be told to export nothing of it.
support() {
  local archive="$out/lib/libcairn_jni.a"
  older "$archive" native/src/jni || return 0
  "$cxx" "${flags[@]}" -c native/src/jni/allocate.cpp -o "$out/allocate.o"
  rm -f "$archive"
  "$ar" rcs "$archive" "$out/allocate.o"
}

# Prints what JavaCPP wrote with its functions in the order of their names: it has them in that in which
# reflection lists methods, which differs from run to run.
by_name() {
  awk '
    BEGIN { place = "0" }
    /^JNIEXPORT .* Java_/ { place = "1 " $4 }
    { print place "\t" $0 }
    /^}/ && place != "0" { place = "2" }' "$1" | sort -s -t "$(printf '\t')" -k 1,1 | cut -f 2-
}

# jni NAME FOLDER LIBRARY...: the library NAME that Java loads, in FOLDER, linked with those libraries.
jni() {
  local name="$1" file="$2/lib$1.so" source dir="$out/jni"
  local options=(-std=c++17 -O3 -fPIC -pthread -fvisibility=hidden -Wall -Inative/include
    "'-I${JAVA_HOME:?}/include' '-I$JAVA_HOME/include/linux'" -include native/src/jni/old_glibc.h
    # Nothing here throws. Without this machinery the result runs on a glibc of 2.28.
    -fno-exceptions -fno-rtti -fno-threadsafe-statics)
  mkdir -p "$dir" "$2"
  for source in "$name" jnijavacpp; do
    by_name "target/native/jni/$source.cpp" >"$dir/$source.tmp"
    cmp -s "$dir/$source.tmp" "$dir/$source.cpp" || mv "$dir/$source.tmp" "$dir/$source.cpp"
    rm -f "$dir/$source.tmp"
    older "$dir/$source.o" "$dir/$source.cpp" native/include native/src/jni || continue
    echo "$cxx ${options[*]} -c $dir/$source.cpp -o $dir/$source.o"
  done | tr '\n' '\0' | xargs -0 -P "$(nproc)" -I{} bash -c '{}'
  older "$file" "$dir/$name.o" "$dir/jnijavacpp.o" "${@:3}" || return 0
  # The libraries by their files: a link path would end up in the result. A symbol that is missing
  # fails this build, not a running JVM.
  "$cxx" -shared -s -pthread -static-libstdc++ -static-libgcc "$dir/$name.o" "$dir/jnijavacpp.o" "${@:3}" \
    -Wl,--no-as-needed,-l:libdl.so.2,--as-needed '-Wl,-rpath,$ORIGIN/' \
    -Wl,-z,noexecstack,-z,defs,-z,now,-Bsymbolic,--exclude-libs,ALL -o "$file.tmp"
  mv "$file.tmp" "$file"
}

# The GPU kernels, in a fat binary that is not compressed: code for each architecture, PTX of the last
# for those to come. A kernel that spills registers or uses local memory is an error.
cuda_library() {
  local nvcc="${CAIRN_NVCC:-nvcc}" out="$out-gpu" archive
  archive="$out/lib/libcairn_cuda.a"
  if ! command -v "$nvcc" >/dev/null; then
    echo "cppbuild.sh: no CUDA compiler: $nvcc; install the CUDA toolkit 13, or build without -gpu" >&2
    exit 1
  fi
  older "$archive" native/include native/src/cuda native/src/cpu/element.h || return 0
  local generate=() architectures="${CAIRN_CUDA_ARCHITECTURES:-80 90 100}" architecture
  for architecture in $architectures; do
    generate+=(-gencode "arch=compute_$architecture,code=sm_$architecture")
  done
  generate+=(-gencode "arch=compute_$architecture,code=compute_$architecture")
  mkdir -p "$out/lib"
  "$nvcc" -std=c++17 -O3 --threads 0 --no-compress "${generate[@]}" -Inative/include -Inative/src/cpu \
    -Xcompiler -fPIC,-fvisibility=hidden,-Wall -Xptxas -warn-spills,-warn-lmem-usage -Werror all-warnings \
    -c native/src/cuda/cuda.cu -o "$out/cuda.o"
  # The runtime to link with, where Maven finds it.
  ln -sf "$(cuda_runtime "$nvcc")" "$out/lib/libcudart.so.13"
  rm -f "$archive.tmp"
  "$ar" rcs "$archive.tmp" "$out/cuda.o"
  mv "$archive.tmp" "$archive"
}

# Prints where the CUDA runtime of a compiler is.
cuda_runtime() {
  local home folder
  home="$("$1" --dryrun -x cu -c /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')"
  for folder in lib64 lib targets/x86_64-linux/lib; do
    if [ -e "$home/$folder/libcudart.so.13" ]; then
      echo "$home/$folder/libcudart.so.13"
      return
    fi
  done
  echo "cppbuild.sh: no libcudart.so.13 under $home" >&2
  exit 1
}

# A CUDA driver, runtime and NCCL that tests load instead of NVIDIA's, and the GPU kernels compiled for the host.
emulation() {
  local dir="$out/emulation"
  emulated_libraries
  jni jnicairncuda "$dir" "$dir/libcairn_cuda.a" "$dir/libcudart.so.13"
}

emulated_libraries() {
  local dir="$out/emulation" sources=native/emulation
  older "$dir/libnccl.so.2" native/emulation native/include native/src/cuda native/src/cpu/element.h || return 0
  mkdir -p "$dir"
  local shared=(-std=c++17 -O1 -g -fPIC -shared -fvisibility=hidden -Wall -Wextra -Werror -pthread)
  local kernels=("${flags[@]}" -Inative/emulation -x c++ native/src/cuda/cuda.cu)
  "$cxx" "${shared[@]}" -Wl,-soname,libcuda.so.1 -DCAIRN_UNEMULATED_LIST='"unemulated_cuda.inc"' \
    "$sources/driver.cpp" "$sources/unemulated.cpp" -o "$dir/libcuda.so.1"
  {
    echo "'$cxx' ${shared[*]} -Wl,-soname,libcudart.so.13 -DCAIRN_UNEMULATED_LIST='\"unemulated_cudart.inc\"'" \
      "-Wl,--version-script=$sources/libcudart.map $sources/memory.cpp $sources/stream.cpp $sources/event.cpp $sources/capture.cpp $sources/runtime.cpp $sources/runtime_streams.cpp" \
      "-I$sources -Inative/include -Inative/src/cpu $sources/launch.cpp $sources/nvcc.cpp $sources/fault.cpp $sources/unemulated.cpp $dir/libcuda.so.1 -o $dir/libcudart.so.13"
    echo "'$cxx' ${kernels[*]} -c -o $dir/cuda.o"
  } | tr '\n' '\0' | xargs -0 -P "$(nproc)" -I{} bash -c '{}'
  rm -f "$dir/libcairn_cuda.a"
  "$ar" rcs "$dir/libcairn_cuda.a" "$dir/cuda.o"
  # Its work runs on the other's streams.
  "$cxx" "${shared[@]}" -I"$sources" -Wl,-soname,libnccl.so.2 "$sources"/nccl*.cpp "$dir/libcudart.so.13" "$dir/libcuda.so.1" -o "$dir/libnccl.so.2"
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
      program test_product "$out/test/obj/*.o" "${sanitize[@]}"
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
  "$out/test/test_product"
  "$out/test/test_crc32c"
  "$out/test/test_file" "$out/test/files"
  "$out/test/test_cuda"
  "$out/test/exhaustive"
  echo "native tests passed: test_cast test_product test_crc32c test_file test_cuda (ASan, UBSan), exhaustive"
}

# The tests of the kernels for another processor, which an emulator runs: it knows no sanitizers, and has no
# time for every input.
run_emulated_tests() { # emulator
  local test
  library
  if stale "$out/test/built"; then
    mkdir -p "$out/test"
    for test in test_cast test_product test_crc32c test_file; do
      program "$test" "$out/lib/libcairn_cpu.a" -static
    done | xargs -P "$(nproc)" -I{} bash -c '{}'
    touch "$out/test/built"
  fi
  rm -rf "$out/test/files"
  mkdir -p "$out/test/files"
  for test in test_cast test_product test_crc32c "test_file $out/test/files"; do
    "$1" $out/test/$test
  done
  echo "native tests passed under $1: test_cast test_product test_crc32c test_file"
}

case "${1:-libraries}" in
  libraries) libraries ;;
  emulation) emulation ;;
  test)
    if [ "$cxx" = aarch64-linux-gnu-g++ ]; then run_emulated_tests qemu-aarch64-static; else run_tests; fi
    ;;
  *)
    echo "usage: cppbuild.sh [emulation|test]" >&2
    exit 2
    ;;
esac
