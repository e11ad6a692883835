// Included in front of the code that JavaCPP generates: names the C library's
// older versions of its functions, which are still there, so that the result
// also runs where there are no newer ones.
#ifndef CAIRN_OLD_GLIBC_H_
#define CAIRN_OLD_GLIBC_H_

#if defined(__GLIBC__) || defined(__linux__)
__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver dlclose, dlclose@GLIBC_2.2.5");
__asm__(".symver dlerror, dlerror@GLIBC_2.2.5");
#endif

#endif  // CAIRN_OLD_GLIBC_H_
