//! Promises to users, kept by real daemons with real processes in temporary folders.

mod bad_input;
mod ctl_additions;
mod ctl_reference;
mod events;
mod fcgi;
mod full_disk;
mod harness;
mod idle;
mod lifecycle;
mod losses;
mod mount;
mod original;
mod pid_one;
mod pidproxy;
mod real_programs;
mod shutdown;
mod stalls;
mod stdin;
mod superlance;
mod terminal;
mod update;
