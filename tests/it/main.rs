//! Promises to users, kept by real daemons with real processes in temporary folders.

mod bad_input;
mod clients;
mod completion;
mod ctl_additions;
mod ctl_reference;
mod events;
mod fcgi;
mod harness;
mod idle;
mod lifecycle;
mod log_keys;
mod losses;
mod mount;
mod original;
mod pid_one;
mod pidproxy;
mod real_programs;
mod restart;
mod screen;
mod shutdown;
mod stalls;
mod stdin;
mod superlance;
mod terminal;
mod tls;
mod update;
