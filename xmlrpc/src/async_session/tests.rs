//! Sessions with a server that says exactly what the test wrote.

use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

use super::*;
use crate::http::Address;
use crate::{encode_fault, encode_reply};

fn block_on<T>(job: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(job)
}

fn endpoint() -> Endpoint {
    let address = Address::Tcp {
        host: "h".to_owned(),
        port: 1,
        tls: false,
    };
    Endpoint::new(address, None)
}

/// A call that is answered with this text.
async fn call(
    session: AsyncSession<DuplexStream>,
    server: &mut DuplexStream,
    answer: &str,
) -> Result<SessionAnswer<DuplexStream>, CallError> {
    let serving = async {
        let mut request = Vec::new();
        while !request.ends_with(b"</methodCall>\n") {
            server.read_buf(&mut request).await.expect("a request");
        }
        server.write_all(answer.as_bytes()).await.expect("sent");
        String::from_utf8(request).expect("a text")
    };
    let endpoint = endpoint();
    let calling = session.call(&endpoint, 1000, "x.y", &[]);
    let (answer, request) = tokio::join!(calling, serving);
    assert!(!request.contains("Connection"), "{request}");
    answer
}

fn ok(version: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/{version} 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

#[test]
fn a_session_carries_call_after_call() {
    block_on(async {
        let (client, mut server) = duplex(4096);
        let session = AsyncSession::new(client);
        let answer = ok("1.1", "", &encode_reply(&true));
        let (value, session) = call(session, &mut server, &answer).await.expect("answered");
        assert_eq!(value, Ok(Value::Bool(true)));
        let answer = ok("1.1", "", &encode_fault(7, "no"));
        let session = session.expect("it lives on");
        let (value, session) = call(session, &mut server, &answer).await.expect("answered");
        assert_eq!(value.map_err(|fault| fault.code), Err(7));
        assert!(session.expect("it lives on").is_idle().await);
    });
}

#[test]
fn a_connection_that_cannot_carry_another_call_is_given_up() {
    let body = encode_reply(&true);
    for answer in [
        ok("1.0", "", &body),
        ok("1.1", "Connection: close\r\n", &body),
        ok("1.1", "", &body) + "more",
    ] {
        block_on(async {
            let (client, mut server) = duplex(4096);
            let session = AsyncSession::new(client);
            let (value, session) = call(session, &mut server, &answer).await.expect("answered");
            assert_eq!(value, Ok(Value::Bool(true)));
            assert!(session.is_none(), "{answer}");
        });
    }
}

#[test]
fn other_answers_are_errors() {
    let long = ok("1.1", "", &encode_reply(&*"x".repeat(1000)));
    for (answer, wrong) in [
        (&*long, "the answer is too long"),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "HTTP status 404 Not Found",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            "the server requires authentication",
        ),
    ] {
        block_on(async {
            let (client, mut server) = duplex(4096);
            let error = call(AsyncSession::new(client), &mut server, answer).await;
            assert_eq!(error.expect_err("no answer").to_string(), wrong);
        });
    }
}

#[test]
fn what_the_server_does_between_calls_is_seen() {
    block_on(async {
        let (client, mut server) = duplex(4096);
        let mut session = AsyncSession::new(client);
        assert!(session.is_idle().await);
        server.write_all(b"x").await.expect("sent");
        assert!(!session.is_idle().await, "it said something unasked");

        let (client, server) = duplex(4096);
        drop(server);
        assert!(!AsyncSession::new(client).is_idle().await, "it hung up");
    });
}
