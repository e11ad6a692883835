// What the host code that nvcc makes calls: it registers its kernels when it is
// loaded, and launches them by the addresses of its stubs. Their bodies here
// are those that g++ makes of the same source.

#include <stdio.h>

#include <map>
#include <mutex>
#include <string>

#include "../src/cuda/cuda.cu"
#include "emulation.h"

namespace cairn {
namespace {

// The arguments as nvcc's code gives them: the address of each.
struct LaunchCast {
  unsigned blocks;
  cudaStream_t stream;
  void** arguments;

  template <int kFrom, int kTo>
  cudaError_t Visit() const {
    return Launch(CastKernel<kFrom, kTo>, blocks, stream,
                  *static_cast<const uint8_t**>(arguments[0]),
                  *static_cast<uint8_t**>(arguments[1]),
                  *static_cast<int64_t*>(arguments[2]));
  }
};

struct LoadCastOf {
  template <int kFrom, int kTo>
  cudaError_t Visit() const {
    return Load(CastKernel<kFrom, kTo>);
  }
};

cudaError_t LaunchUnpack(unsigned blocks, cudaStream_t stream,
                         void** arguments) {
  return Launch(UnpackKernel, blocks, stream,
                *static_cast<const CairnSegment**>(arguments[0]),
                *static_cast<int64_t*>(arguments[1]),
                *static_cast<int64_t*>(arguments[2]),
                *static_cast<const uint8_t**>(arguments[3]),
                *static_cast<uint8_t**>(arguments[4]));
}

bool IsCastKernel(const std::string& name, int* from, int* to) {
  const size_t cast = name.find("CastKernelILi");
  return cast != std::string::npos &&
         sscanf(name.c_str() + cast, "CastKernelILi%dELi%dE", from, to) == 2;
}

bool IsUnpackKernel(const std::string& name) {
  return name.find("UnpackKernel") != std::string::npos;
}

cudaError_t LaunchByName(const std::string& name, unsigned blocks,
                         cudaStream_t stream, void** arguments) {
  int from = 0;
  int to = 0;
  if (IsCastKernel(name, &from, &to)) {
    return Visit(from, to, LaunchCast{blocks, stream, arguments});
  }
  return IsUnpackKernel(name) ? LaunchUnpack(blocks, stream, arguments)
                              : emulation::kInvalidFunction;
}

cudaError_t LoadByName(const std::string& name) {
  int from = 0;
  int to = 0;
  if (IsCastKernel(name, &from, &to)) {
    return Visit(from, to, LoadCastOf{});
  }
  return IsUnpackKernel(name) ? Load(UnpackKernel)
                              : emulation::kInvalidFunction;
}

}  // namespace
}  // namespace cairn

namespace {

struct Dimensions {
  unsigned x, y, z;
};

// The head of what nvcc's code registers.
struct FatBinary {
  uint32_t magic, version;
};
constexpr uint32_t kFatBinaryMagic = 0x466243B1;

struct Kernel {
  void** module;
  std::string name;
};

struct Registry {
  std::mutex mutex;
  std::map<const void*, Kernel> kernels;  // by the addresses of their stubs
};

Registry& TheRegistry() {
  static Registry* const registry = new Registry;
  return *registry;
}

}  // namespace

CAIRN_EMULATED void** __cudaRegisterFatBinary(void* binary) {
  if (static_cast<const FatBinary*>(binary)->magic != kFatBinaryMagic) {
    fprintf(stderr, "CUDA emulation: no fat binary is registered\n");
    return nullptr;
  }
  return new void*(binary);
}

CAIRN_EMULATED void __cudaRegisterFunction(void** module, const void* stub,
                                           char*, const char* name, int, void*,
                                           void*, void*, void*, int*) {
  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  if (module != nullptr) {
    registry.kernels[stub] = {module, name};
  }
}

CAIRN_EMULATED void __cudaRegisterFatBinaryEnd(void**) {}

CAIRN_EMULATED void __cudaUnregisterFatBinary(void** module) {
  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  for (auto it = registry.kernels.begin(); it != registry.kernels.end();) {
    it = it->second.module == module ? registry.kernels.erase(it) : ++it;
  }
  delete module;
}

namespace {

std::string NameOf(const void* stub) {
  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> lock(registry.mutex);
  const auto found = registry.kernels.find(stub);
  return found == registry.kernels.end() ? "" : found->second.name;
}

}  // namespace

// Loads; what the attributes are, nobody asks.
CAIRN_EMULATED cudaError_t cudaFuncGetAttributes(void*, const void* stub) {
  return cairn::LoadByName(NameOf(stub));
}

// Stricter than hardware: refuses what Cairn never means to launch.
CAIRN_EMULATED cudaError_t cudaLaunchKernel(const void* stub, Dimensions grid,
                                            Dimensions block, void** arguments,
                                            size_t shared_bytes,
                                            cudaStream_t stream) {
  const std::string name = NameOf(stub);
  if (grid.x < 1 || grid.x > cairn::kMostBlocks || grid.y != 1 || grid.z != 1 ||
      block.x != cairn::kBlockThreads || block.y != 1 || block.z != 1 ||
      shared_bytes != 0) {
    return emulation::kInvalidConfiguration;
  }
  return cairn::LaunchByName(name, grid.x, stream, arguments);
}
