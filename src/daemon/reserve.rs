//! Memory for a bad day: under a limit on the address space, small allocations go on for a while
//! when the system gives nothing more. (Large ones that a client causes are refused instead.)

use std::hint::black_box;

/// Bytes kept. They are not touched, so they cost address space only.
const RESERVE: usize = 2 * 1024 * 1024;

/// Have the allocator keep a reserve at the top of its heap. glibc takes a block of this size from
/// the heap, rather than from the system, once one was freed, and keeps twice as much unused.
pub(super) fn keep() {
    for size in [RESERVE, RESERVE / 4 * 3] {
        let mut block = Vec::<u8>::new();
        // a system that has not that much gives none
        let _ = block.try_reserve_exact(size);
        drop(black_box(block));
    }
}
