//! The asynchronous client against servers that say exactly what the test wrote.

use tokio::net::UnixListener;

use super::*;

fn block_on<T>(job: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(job)
}

/// What is received when a connection carries this text, `step` bytes at a time.
fn received(text: &str, step: usize, longest: usize) -> Result<(u16, String), String> {
    block_on(async {
        let (mut stream, mut server) = tokio::io::duplex(step);
        let sending = async {
            // the client may have heard enough
            let _ = server.write_all(text.as_bytes()).await;
            drop(server);
        };
        let receiving = async {
            let answer = receive(&mut stream, longest).await;
            drop(stream);
            answer
        };
        let (answer, ()) = tokio::join!(receiving, sending);
        let (head, body, _) = answer.map_err(|error| error.to_string())?;
        Ok((head.status, String::from_utf8(body).expect("a text")))
    })
}

#[test]
fn answers_in_pieces_of_any_size() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello more",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ] {
        for step in [1, 3, 7, 1000] {
            assert_eq!(received(text, step, 5), Ok((200, "hello".into())), "{text}");
            let long = received(text, step, 4);
            assert_eq!(long, Err("the answer is too long".into()), "{text}");
        }
    }
}

#[test]
fn answers_that_are_none() {
    for (text, wrong) in [
        ("", "the server hung up without an answer"),
        ("HTTP/1.1 200", "the answer ends within its headers"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "the answer ends within its body",
        ),
    ] {
        assert_eq!(received(text, 4, 100), Err(wrong.into()), "{text}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(64 * 1024));
    assert!(received(&endless, 4096, 100).is_err());
}

const LIMITS: CallLimits = CallLimits {
    connect: Duration::from_secs(5),
    answer: 1000,
};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 113\r\n\r\n\
    <?xml version='1.0'?><methodResponse><params><param><value><int>7</int></value></param>\
    </params></methodResponse>";

async fn unresolved(_: String, _: u16) -> io::Result<Vec<SocketAddr>> {
    Err(io::ErrorKind::NotFound.into())
}

#[test]
fn a_call_over_a_unix_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.sock");
    block_on(async {
        let listener = UnixListener::bind(&path).expect("a socket");
        let login = crate::Login {
            username: "me".to_owned(),
            password: "pw".to_owned(),
        };
        let endpoint = Endpoint::new(Address::Unix(path.clone()), Some(login));
        let client = AsyncClient::new(endpoint, LIMITS).expect("a client");
        let serving = async {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).await.expect("a request");
            stream.write_all(ANSWER.as_bytes()).await.expect("sent");
            String::from_utf8_lossy(&request[..count]).into_owned()
        };
        let params = [Value::from("a")];
        let (result, request) = tokio::join!(client.call("x.y", &params, unresolved), serving);
        assert_eq!(result.expect("a result"), (Value::Int(7), 113));
        assert!(request.starts_with("POST /RPC2 HTTP/1.1\r\nHost: localhost\r\n"));
        assert!(request.contains("\r\nConnection: close\r\n"), "{request}");
        assert!(request.contains("\r\nAuthorization: Basic bWU6cHc=\r\n"));
        assert!(request.ends_with(&crate::encode_call("x.y", &params)));
        drop(listener);
        let refused = client.call("x.y", &[], unresolved).await;
        assert!(matches!(refused, Err(CallError::Refused)), "{refused:?}");
    });
    let missing = Endpoint::new(Address::Unix("/nonexistent/s.sock".into()), None);
    let client = AsyncClient::new(missing, LIMITS).expect("a client");
    let missing = block_on(client.call("x.y", &[], unresolved));
    assert!(matches!(missing, Err(CallError::NoSuchFile)), "{missing:?}");
}

#[test]
fn a_host_without_an_address() {
    let host = "nowhere".to_owned();
    let client = AsyncClient::new(
        Endpoint::new(
            Address::Tcp {
                host,
                port: 1,
                tls: false,
            },
            None,
        ),
        LIMITS,
    );
    let result = block_on(client.expect("a client").call("x.y", &[], unresolved));
    assert!(matches!(result, Err(CallError::Resolve(_))), "{result:?}");
}

/// A server with a certificate of its own answers once per connection.
#[cfg(feature = "tls")]
mod over_tls {
    use std::fs;
    use std::net::Ipv4Addr;
    use std::path::{Path, PathBuf};

    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject as _;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::error::TlsError;

    fn acceptor(folder: &Path) -> (TlsAcceptor, PathBuf) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
        let file = folder.join("s.pem");
        fs::write(&file, made.cert.pem()).expect("a file");
        let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.expect("a key"));
        (Arc::new(config.expect("a configuration")).into(), file)
    }

    #[test]
    fn the_server_must_prove_who_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let (acceptor, file) = acceptor(folder.path());
        block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a port");
            let address = listener.local_addr().expect("an address");
            let call = async |host: &str| {
                let (host, port) = (host.to_owned(), address.port());
                let mut endpoint = Endpoint::new(
                    Address::Tcp {
                        host,
                        port,
                        tls: true,
                    },
                    None,
                );
                endpoint.trust = Some(file.clone());
                let client = AsyncClient::new(endpoint, LIMITS).expect("a client");
                let resolve = async |_, _| Ok(vec![address]);
                let serving = async {
                    let (stream, _) = listener.accept().await.expect("a client");
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut request = vec![0; 4096];
                    let _ = stream.read(&mut request).await.expect("a request");
                    stream.write_all(ANSWER.as_bytes()).await.expect("sent");
                    let _ = stream.shutdown().await;
                };
                tokio::join!(client.call("x.y", &[], resolve), serving).0
            };
            let result = call("localhost").await;
            assert_eq!(result.expect("a result").0, Value::Int(7));
            let other = call("example.org").await;
            let Err(CallError::Tls(TlsError::OtherName(_))) = other else {
                panic!("{other:?}")
            };
        });
    }
}
