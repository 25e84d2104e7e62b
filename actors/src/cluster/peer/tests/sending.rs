//! What is sent, in which order, over which connection.

use super::*;

#[test]
fn one_call_after_the_other_over_one_connection() {
    on_paused_time(async {
        let mut scene = Scene::new();
        let process = ProcessName::new("app", "db");
        scene.peer.say(Call::Tick("tick".into()));
        scene.publish("event");
        scene.peer.say(Call::Start {
            process: process.clone(),
            extra_args: "-x".to_owned(),
        });
        scene.peer.say(Call::Stop(ProcessName::new("web", "web")));
        scene.peer.say(Call::Close(Closing::Restart));
        scene.peer.say(Call::Close(Closing::Shutdown));
        let sent = scene.peer.flush();

        let mut server = scene.server().await;
        let publication = |text: &str| vec!["SupvisorsPublication".into(), text.into()];
        for (method, params) in [
            ("supervisor.sendRemoteCommEvent", publication("tick")),
            ("supervisor.sendRemoteCommEvent", publication("event")),
            (
                "supvisors.start_args",
                vec!["app:db".into(), "-x".into(), false.into()],
            ),
            ("supervisor.stopProcess", vec!["web".into(), false.into()]),
            ("supvisors.restart", Vec::new()),
            ("supvisors.shutdown", Vec::new()),
        ] {
            let got = server.call().await.expect("a call");
            assert_eq!(got, (method.to_owned(), params));
            assert!(server.is_quiet().await, "the answer is awaited");
            let body = encode_reply(&true);
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
            server.say(&answer).await;
        }
        assert_eq!(sent.await, Ok(()));
        assert!(
            scene.servers.try_recv().is_err(),
            "one connection is enough"
        );
        assert_eq!(scene.reports().await, (Vec::new(), Vec::new()));
    });
}

#[test]
fn requests_carry_the_login() {
    on_paused_time(async {
        let mut scene = Scene::new();
        scene.publish("event");
        let (head, _) = scene.server().await.request().await.expect("a request");
        // as the original sends it
        assert!(
            head.contains("Authorization: Basic dXPDqXI6cMOkc3M=\r\n"),
            "{head}"
        );
        assert!(
            head.starts_with("POST /RPC2 HTTP/1.1\r\nHost: capa:9152\r\n"),
            "{head}"
        );
        assert!(!head.contains("Connection: close"), "{head}");
    });
}

#[test]
fn a_connection_closed_between_calls_is_no_failure() {
    on_paused_time(async {
        let mut scene = Scene::new();
        scene.publish("1");
        let mut server = scene.server().await;
        server.agree().await;
        settle().await;
        drop(server);
        scene.publish("2");
        let mut server = scene.server().await;
        let got = server.call().await.expect("a call");
        assert_eq!(got.1[1], "2".into());
        let body = encode_reply(&true);
        // one that cannot be kept
        server
            .say(&format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{body}"
            ))
            .await;
        drop(server);
        scene.publish("3");
        assert_eq!(scene.server().await.agree().await.1[1], "3".into());
        assert_eq!(scene.inputs().await, []);
    });
}

#[test]
fn a_fault_is_logged_and_the_peer_lives() {
    on_paused_time(async {
        let mut scene = Scene::new();
        scene.peer.say(Call::Stop(ProcessName::new("app", "db")));
        scene.publish("event");
        let mut server = scene.server().await;
        server.serve(&encode_fault(70, "NOT_RUNNING: app:db")).await;
        server.agree().await;
        let (inputs, lines) = scene.reports().await;
        let text = "<sv2>capa:9152: supervisor.stopProcess failed: fault 70: NOT_RUNNING: app:db";
        assert_eq!(
            (inputs, lines),
            (vec![], vec![LogLine::new(Level::Warn, text)])
        );
    });
}

#[test]
fn a_peer_that_is_dropped_hangs_up() {
    on_paused_time(async {
        let mut scene = Scene::new();
        scene.publish("1");
        scene.publish("2");
        let mut server = scene.server().await;
        assert!(server.call().await.is_some());
        let sent = scene.peer.flush();
        drop(scene.peer);
        assert!(server.call().await.is_none(), "it hangs up");
        assert!(sent.await.is_err());
    });
}

#[test]
fn over_tcp() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("bound");
        let port = listener.local_addr().expect("an address").port();
        let workers = visord_logs::workers::Workers::start().expect("threads");
        let dial = Tcp {
            host: "localhost".into(),
            port,
            resolver: Resolver::new(workers),
        };
        let calls = async {
            let client = dial.dial().await.expect("a connection");
            assert_eq!(client.peer_addr().expect("an address").port(), port);
        };
        let (_, accepted) = tokio::join!(calls, listener.accept());
        assert!(accepted.is_ok());
        // literal addresses need no lookup
        let dial = Tcp {
            host: "127.0.0.1".into(),
            ..dial
        };
        drop(listener);
        assert!(matches!(dial.dial().await, Err(CallError::Refused)));
    });
}
