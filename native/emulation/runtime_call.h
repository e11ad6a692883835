/* How the emulated functions of the CUDA runtime begin. */
#ifndef CAIRN_RUNTIME_CALL_H_
#define CAIRN_RUNTIME_CALL_H_

#include "emulation.h"

// Returns from a call that was told to fail, or that comes after a fault.
#define ENTER                                                        \
  if (const emulation::Error error = emulation::EnterCall(__func__); \
      error != emulation::kSuccess) {                                \
    return emulation::Keep(error);                                   \
  }

// As ENTER, of a call that could wait or allocates.
#define ENTER_UNSAFE                                            \
  ENTER                                                         \
  if (const emulation::Error error = emulation::CheckCapture(); \
      error != emulation::kSuccess) {                           \
    return emulation::Keep(error);                              \
  }

#endif  // CAIRN_RUNTIME_CALL_H_
