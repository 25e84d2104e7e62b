//! The spawn helper, kept ready in memory: a file without a name that nothing can change.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

/// The program; `None` on architectures that have none.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const PROGRAM: Option<&[u8]> = Some(include_bytes!(concat!(env!("OUT_DIR"), "/spawn-helper")));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const PROGRAM: Option<&[u8]> = None;

/// A descriptor to execute it by; `None` where that is impossible. Made by the first call, which
/// must come before any child: one that holds the descriptor for writing would keep the kernel
/// from executing it (`ETXTBSY`).
pub(super) fn descriptor() -> Option<BorrowedFd<'static>> {
    static HELPER: OnceLock<Option<OwnedFd>> = OnceLock::new();
    let helper = HELPER.get_or_init(|| PROGRAM.and_then(|program| keep(program).ok()));
    helper.as_ref().map(AsFd::as_fd)
}

fn keep(program: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(create()?);
    file.write_all(program)?;
    let seals = SealFlag::F_SEAL_SEAL
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_WRITE;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    // what is open for writing cannot be executed
    let readable = File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    Ok(OwnedFd::from(readable))
}

/// Since Linux 6.3 a file that is to be executed says so; older kernels do not know the flag.
fn create() -> nix::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let executable = MFdFlags::from_bits_retain(flags.bits() | 0x10);
    let name = c"supervisord-spawn";
    match memfd_create(name, executable) {
        Err(Errno::EINVAL) => memfd_create(name, flags),
        outcome => outcome,
    }
}
