// All other functions that the bindings for Java want: each fails by its name.
// Compiled once for each of the two libraries.

#include "emulation.h"

#define NOT_EMULATED(function) \
  CAIRN_EMULATED int function() { return emulation::NotEmulated(#function); }
#include CAIRN_UNEMULATED_LIST
