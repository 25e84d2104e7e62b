//! Instances find each other by multicast (spec cluster 1.6).
//!
//! A datagram says only that an instance exists; whether it lives, its TICKs say. What goes wrong
//! here is logged once, and the daemon continues without discovery.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket as StdSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use visord_cluster::identity::Candidate;
use visord_cluster::input::Input;
use visord_model::log_line::{Level, LogLine};
use visord_model::moment::Mono;

use super::wire::supvisors::{DATAGRAM, datagram, read_datagram};
use super::{Report, Sink};
use crate::clock::Clock;

/// Announcements that are passed on in a second; there is one of each instance in five.
const MOST: u32 = 1000;

/// After a failure to receive, which has no cause that is known.
const PAUSE: Duration = Duration::from_secs(1);

/// Options of discovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Multicast address and port.
    pub address: SocketAddrV4,
    /// Where to listen; `None`: the system chooses.
    pub interface: Option<Ipv4Addr>,
    /// Routers that a datagram may pass, 0 to 255.
    pub ttl: u8,
}

/// Announces this instance and hears of others until it is dropped.
pub struct Discovery {
    group: Group,
    /// `None` if it could not be opened.
    sender: Option<StdSocket>,
    has_failed: AtomicBool,
    task: Option<AbortHandle>,
    sink: Sink,
}

impl Discovery {
    /// Open sockets and receive on this runtime. What cannot be opened is logged and left out.
    pub fn start(runtime: &Handle, group: Group, clock: Clock, sink: Sink) -> Self {
        let logged = |what: &str, error: &io::Error| {
            let text = format!("discovery cannot {what} {}: {error}", group.address);
            sink(Report::Log(LogLine::new(Level::Error, text)));
        };
        let sender = open_sender(group);
        let sender = sender.map_err(|error| logged("send to", &error)).ok();
        let receiver = open_receiver(group).and_then(|socket| {
            let _entered = runtime.enter();
            UdpSocket::from_std(socket)
        });
        let receiver = receiver.map_err(|error| logged("receive from", &error));
        let task = receiver.ok().map(|socket| {
            let receiver = Receiver::new(Arc::clone(&sink));
            runtime.spawn(receiver.run(socket, clock)).abort_handle()
        });
        Self {
            group,
            sender,
            has_failed: AtomicBool::new(false),
            task,
            sink,
        }
    }

    /// Send one datagram; never waits. One that is too long for the original is not sent.
    pub fn announce(&self, local: &Candidate) {
        let Some(sender) = &self.sender else {
            return;
        };
        let text = datagram(local);
        let sent = match text.len() {
            ..=DATAGRAM => sender.send_to(text.as_bytes(), self.group.address),
            _ => Err(io::Error::other("the stereotypes are too long")),
        };
        let has_failed = sent.is_err();
        let was_failed = self.has_failed.swap(has_failed, Ordering::Relaxed);
        if let (Err(error), false) = (sent, was_failed) {
            let text = format!("discovery cannot send to {}: {error}", self.group.address);
            (self.sink)(Report::Log(LogLine::new(Level::Error, text)));
        }
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn udp() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn open_sender(group: Group) -> io::Result<StdSocket> {
    let socket = udp()?;
    socket.set_multicast_ttl_v4(group.ttl.into())?;
    Ok(socket.into())
}

fn open_receiver(group: Group) -> io::Result<StdSocket> {
    let socket = udp()?;
    socket.set_reuse_address(true)?;
    socket.bind(&group.address.into())?;
    let interface = group.interface.unwrap_or(Ipv4Addr::UNSPECIFIED);
    socket.join_multicast_v4(group.address.ip(), &interface)?;
    Ok(socket.into())
}

/// Takes what arrives.
struct Receiver {
    sink: Sink,
    /// Since when `count` counts.
    since: Mono,
    count: u32,
    /// Something wrong was logged.
    has_complained: bool,
}

impl Receiver {
    fn new(sink: Sink) -> Self {
        Self {
            sink,
            since: Mono::default(),
            count: 0,
            has_complained: false,
        }
    }

    async fn run(mut self, socket: UdpSocket, clock: Clock) {
        // one byte more, so that what is too long is not taken for whole
        let mut buffer = [0; DATAGRAM + 1];
        loop {
            match socket.recv_from(&mut buffer).await {
                Ok((length, from)) => {
                    let from = from.ip().to_string();
                    self.take(&buffer[..length], &from, clock.now().mono);
                }
                Err(error) => {
                    self.complain(&format!("discovery cannot receive: {error}"));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8], from: &str, now: Mono) {
        if now >= self.since + Duration::from_secs(1) {
            (self.since, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count > MOST {
            self.complain("discovery: too many datagrams");
            return;
        }
        match read_datagram(bytes) {
            Ok(candidate) => (self.sink)(Report::Input(Input::Discovered(candidate))),
            Err(error) => self.complain(&format!("discovery: datagram of {from}: {error}")),
        }
    }

    /// Log it, if it is the first time: anyone may send anything.
    fn complain(&mut self, text: &str) {
        if !std::mem::replace(&mut self.has_complained, true) {
            (self.sink)(Report::Log(LogLine::new(Level::Warn, text)));
        }
    }
}

#[cfg(test)]
mod tests;
