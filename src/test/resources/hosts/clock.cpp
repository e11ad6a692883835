// A clock that is off by CLOCK_OFF_SECONDS for the process that this is
// preloaded into.
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

#include <cstdlib>

namespace {

time_t offSeconds() {
  static const char* value = getenv("CLOCK_OFF_SECONDS");
  return value == nullptr ? 0 : atol(value);
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  static auto real = reinterpret_cast<int (*)(clockid_t, timespec*)>(
      dlsym(RTLD_NEXT, "clock_gettime"));
  int result = real(clock, time);
  if (result == 0 &&
      (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    time->tv_sec += offSeconds();
  }
  return result;
}

extern "C" int gettimeofday(timeval* time, void* zone) {
  static auto real = reinterpret_cast<int (*)(timeval*, void*)>(
      dlsym(RTLD_NEXT, "gettimeofday"));
  int result = real(time, zone);
  if (result == 0) {
    time->tv_sec += offSeconds();
  }
  return result;
}
