// Included in front of the code that JavaCPP generates: names the C library's
// older versions of its functions, which are still there, so that the result
// also runs where there are no newer ones.
#ifndef CAIRN_OLD_GLIBC_H_
#define CAIRN_OLD_GLIBC_H_

#ifdef __x86_64__
#define CAIRN_OLD_GLIBC "GLIBC_2.2.5"
#else
#define CAIRN_OLD_GLIBC "GLIBC_2.17"
#endif
__asm__(".symver dlopen, dlopen@" CAIRN_OLD_GLIBC);
__asm__(".symver dlsym, dlsym@" CAIRN_OLD_GLIBC);
__asm__(".symver dlclose, dlclose@" CAIRN_OLD_GLIBC);
__asm__(".symver dlerror, dlerror@" CAIRN_OLD_GLIBC);

#endif  // CAIRN_OLD_GLIBC_H_
