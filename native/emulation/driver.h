// What the emulated runtime knows of the emulated driver.
#ifndef CAIRN_DRIVER_H_
#define CAIRN_DRIVER_H_

#include <stdint.h>

extern "C" {

// This thread's current device; 0 if it has none.
int cairn_emulated_device(void);
// Makes a device this thread's current one, with a context of its own, as every
// call of the runtime does with the current one.
void cairn_emulated_set_device(int device);
// The same of a thread that plays the device itself: nobody's context.
void cairn_emulated_run_on(int device);
// Which devices have a context: a bit for each.
uint64_t cairn_emulated_contexts(void);

}  // extern "C"

#endif  // CAIRN_DRIVER_H_
