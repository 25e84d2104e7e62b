//! The spawn helper: a tiny static program that a child becomes first, as the daemon's own user.
//!
//! It does what has to be done before the child is its program (`child.rs`), in a process that
//! shares nothing with the daemon and blocks none of its threads: docs/decisions/0012-spawn-helper.md.
//! `build.rs` compiles it, `spawn/helper.rs` keeps it ready.

#![no_std]
#![no_main]
#![no_builtins]

#[path = "../child.rs"]
mod child;
#[path = "../errno.rs"]
mod errno;
#[path = "../syscall.rs"]
mod syscall;

use core::ffi::c_char;
use core::panic::PanicInfo;

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call {enter}",
    "ud2",
    enter = sym enter,
);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "mov x29, xzr",
    "mov x30, xzr",
    "mov x0, sp",
    "b {enter}",
    enter = sym enter,
);

/// What the kernel leaves on the stack: the number of arguments, the arguments, the environment.
///
/// # Safety
///
/// To be called with the first stack pointer of a process.
unsafe extern "C" fn enter(stack: *const usize) -> ! {
    // SAFETY: this is how the kernel lays out the stack.
    unsafe {
        let count = *stack;
        let arguments: *const *const c_char = stack.add(1).cast();
        if count <= child::argument::ARGV {
            child::exit(127);
        }
        child::run(arguments, arguments.add(count + 1))
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    child::exit(127)
}
