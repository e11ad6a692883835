/* The C ABI of Cairn's kernels for host memory, and of the file functions that
   the JDK lacks.

   Common to every function: plain C types, no C++ exception leaves, nothing is
   allocated, kept or logged, any thread may call at any time. Pointers need no
   alignment; data is little endian. Only what is said to may be null. */
#ifndef CAIRN_CPU_H_
#define CAIRN_CPU_H_

#include <stdint.h>

#ifdef __cplusplus
#define CAIRN_NOEXCEPT noexcept
extern "C" {
#else
#define CAIRN_NOEXCEPT
#endif

/* Raised whenever a signature or a meaning below changes: a library left over
   from another version is found out before it is used. */
#define CAIRN_CPU_ABI 7
int32_t cairn_cpu_abi(void) CAIRN_NOEXCEPT;

/* Statuses of kernels. */
#define CAIRN_OK 0
#define CAIRN_BAD_ARGUMENT 1
#define CAIRN_UNSUPPORTED 2 /* this machine lacks the instruction set */

/* Instruction sets, each including those before it. */
#define CAIRN_ISA_BASELINE 0 /* x86-64: SSE2 */
#define CAIRN_ISA_AVX2 1     /* AVX2, FMA, F16C, SSE4.2, PCLMULQDQ */
#define CAIRN_ISA_AVX512 2   /* AVX-512 F, BW, DQ, VL; VPCLMULQDQ if there */

/* Returns the last instruction set of those above that this processor and this
   operating system run. */
int32_t cairn_isa_supported(void) CAIRN_NOEXCEPT;

/* Element types that are cast. */
#define CAIRN_F64 0
#define CAIRN_F32 1
#define CAIRN_BF16 2
#define CAIRN_F16 3

/* target[i] = cast(source[i]), and *crc continued over the bytes of target.

   Between F32, BF16 and F16 in every direction, and from F64 to each; what is
   not from or to F32 goes through it. Rounds to nearest even; denormals are
   kept. To BF16 every NaN becomes 0x7FC0; from BF16 to F32 the bits of a NaN
   stay as they are; elsewhere it keeps its sign and the upper bits of its
   payload and becomes quiet. from must not equal to.

   isa: CAIRN_ISA_*. elements: 0 or more. The two ranges must not overlap.
   crc: the CRC32C of all bytes before, 0 to begin; null where nobody asks for
   it, which is faster.
   Returns CAIRN_OK, CAIRN_BAD_ARGUMENT or CAIRN_UNSUPPORTED; unless CAIRN_OK,
   nothing was written. */
int32_t cairn_cast(int32_t isa, int32_t from, const void* source, int32_t to,
                   void* target, int64_t elements,
                   uint32_t* crc) CAIRN_NOEXCEPT;

/* Copies length_bytes bytes, and *crc continued over them. source may equal
   target, then nothing is written; otherwise the ranges must not overlap. The
   rest as cairn_cast. */
int32_t cairn_copy(int32_t isa, const void* source, void* target,
                   int64_t length_bytes, uint32_t* crc) CAIRN_NOEXCEPT;

/* *crc, never null, continued over length_bytes bytes. The rest as
   cairn_cast. */
int32_t cairn_crc32c(int32_t isa, const void* source, int64_t length_bytes,
                     uint32_t* crc) CAIRN_NOEXCEPT;

/* Returns the s for which, with B any length_bytes bytes and crc the CRC32C of
   any bytes A, the CRC32C of A followed by B is s ^ CRC32C(B). 0 <= length. */
uint32_t cairn_crc32c_shift(uint32_t crc, int64_t length_bytes) CAIRN_NOEXCEPT;

/* tile[i] += element first + i of left x right, a row-major matrix with that
   many columns, for 0 <= i < elements.

   left: row-major, rank columns. panels: right, which has rank rows, cut into
   panels of CAIRN_PANEL_COLUMNS columns, one panel after the other, each
   row-major, the last one filled up with zeros. tile, of type CAIRN_F32 or
   CAIRN_BF16, must not overlap them. The floats are aligned as floats are; a
   tile of CAIRN_BF16 may lie anywhere.
   0 <= first, elements; 1 <= columns, rank. Sums are F32 and run over rank in
   order; where the processor has FMA each step rounds once, and so it does
   where pairs of BF16 are multiplied: it gives the same bits. Elements of
   CAIRN_BF16 become F32 before the sum is added and are rounded after it, as
   cairn_cast does. Returns as cairn_cast. */
#define CAIRN_PANEL_COLUMNS 32
int32_t cairn_add_product(int32_t isa, int32_t type, void* tile, int64_t first,
                          int64_t elements, int64_t columns, const float* left,
                          const float* panels, int64_t rank) CAIRN_NOEXCEPT;

/* Files. Each returns 0 or an errno; paths are NUL-terminated bytes. */

/* Gives the existing file at path blocks for bytes [0, length_bytes) and at
   least that length; what it holds stays. 0 < length_bytes. */
int32_t cairn_file_reserve(const char* path,
                           int64_t length_bytes) CAIRN_NOEXCEPT;

/* Renames atomically: refusing with EEXIST if to exists, or exchanging the two,
   which must both exist. EINVAL or ENOSYS: this file system or kernel cannot.
 */
#define CAIRN_RENAME_NO_REPLACE 1
#define CAIRN_RENAME_EXCHANGE 2
int32_t cairn_file_rename(const char* from, const char* to,
                          int32_t mode) CAIRN_NOEXCEPT;

/* Sends bytes [file_offset, file_offset + length_bytes) of a file on their way
   to the disk, which promises nothing; length_bytes 0: to the end. ENOSYS or
   ESPIPE: cannot. */
int32_t cairn_file_start_write_back(const char* path, int64_t file_offset,
                                    int64_t length_bytes) CAIRN_NOEXCEPT;

/* Writes bytes [file_offset, file_offset + length_bytes) of a file that are
   still in memory to its disk and waits for that, after it has asked for the
   range that follows to be written too. Makes nothing durable: that takes an
   fsync, which then has less to do. 0 < length_bytes. ENOSYS or ESPIPE: cannot.
 */
int32_t cairn_file_write_back(const char* path, int64_t file_offset,
                              int64_t length_bytes) CAIRN_NOEXCEPT;

/* Writes what an errno means into text, NUL-terminated, cut to capacity_bytes.
   0 < capacity_bytes. */
void cairn_error_text(int32_t error, char* text,
                      int64_t capacity_bytes) CAIRN_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* CAIRN_CPU_H_ */
