//! A line between browser and daemon that a test can cut.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Listens on a port of its own and passes everything on to the daemon's.
pub(crate) struct Wire {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    cut: bool,
    open: Vec<TcpStream>,
}

impl Wire {
    pub(crate) fn to(daemon: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                // one that is gone again is no matter
                let _ = client.and_then(|client| connect(client, daemon, &shared));
            }
        });
        Self { port, state }
    }

    /// Break every connection and let no new one through.
    pub(crate) fn cut(&self) {
        let mut state = lock(&self.state);
        state.cut = true;
        for stream in state.open.drain(..) {
            // the other side may have closed it
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Let connections through again.
    pub(crate) fn mend(&self) {
        lock(&self.state).cut = false;
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(client: TcpStream, daemon: u16, state: &Mutex<State>) -> std::io::Result<()> {
    let mut state = lock(state);
    if state.cut {
        return Ok(());
    }
    let server = TcpStream::connect(("127.0.0.1", daemon))?;
    pass(client.try_clone()?, server.try_clone()?);
    pass(server.try_clone()?, client.try_clone()?);
    state.open.extend([client, server]);
    Ok(())
}

/// Pass on what comes, until one side ends.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            if to.write_all(&piece[..count]).is_err() {
                break;
            }
        }
        // nothing more will come on either side
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
