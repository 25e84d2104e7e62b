//! Peers that answer wrong, late or not at all.

use super::*;

/// What a peer says to a publication before it hangs up, and what is logged of it.
const WRONG: [(&str, &str); 9] = [
    (
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno",
        "HTTP status 500 Internal Server Error",
    ),
    (
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "the server requires authentication",
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ngarbage",
        "unmarshallable: text outside the root element",
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n<html></html>",
        "unmarshallable: ",
    ),
    ("SSH-2.0-OpenSSH\r\n", "the answer is not HTTP"),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<?xml",
        "the answer ends within its body",
    ),
    ("HTTP/1.1 200", "the answer ends within its headers"),
    ("", "the server hung up without an answer"),
    (
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP status 204 No Content",
    ),
];

#[test]
fn wrong_answers_make_a_peer_unreachable_once() {
    on_paused_time(async {
        for (answer, why) in WRONG {
            let mut scene = Scene::new();
            scene.publish("1");
            scene.server().await.agree().await;
            for text in ["2", "3", "4"] {
                scene.publish(text);
            }
            let mut server = scene.server().await;
            assert_eq!(server.call().await.expect("a call").1[1], "2".into());
            server.say(answer).await;
            drop(server);
            let (inputs, lines) = scene.reports().await;
            assert_eq!(inputs, [UNREACHABLE], "{answer}");
            let [line] = &lines[..] else {
                panic!("{lines:?}")
            };
            let begin = format!("<sv2>capa:9152 is not reachable: {why}");
            assert!(line.text.starts_with(&begin), "{}", line.text);
            assert!(
                line.text.ends_with("; messages dropped: 2"),
                "{}",
                line.text
            );
            assert_eq!(line.level, Level::Error);

            // the next one is sent, and fails without being news
            scene.publish("5");
            let mut server = scene.server().await;
            assert_eq!(server.call().await.expect("a call").1[1], "5".into());
            drop(server);
            let (inputs, lines) = scene.reports().await;
            assert_eq!((inputs, lines[0].level), (vec![], Level::Debug));

            // once it answered, a failure is news
            scene.publish("6");
            scene.server().await.agree().await;
            scene.publish("7");
            drop(scene.server().await);
            assert_eq!(scene.inputs().await, [UNREACHABLE], "{answer}");
        }
    });
}

#[test]
fn nothing_listens_there() {
    on_paused_time(async {
        let scene = Scene::new();
        scene.dialer.refuses.store(true, Ordering::Relaxed);
        for expected in [vec![UNREACHABLE], vec![], vec![]] {
            scene.peer.say(Call::Tick("tick".into()));
            let (inputs, lines) = scene.reports().await;
            assert_eq!((inputs, lines.len()), (expected, 1));
            // usual while a cluster starts
            assert_eq!(lines[0].level, Level::Debug);
        }
        scene.peer.say(Call::Handshake);
        assert_eq!(
            scene.inputs().await,
            [UNREACHABLE],
            "a handshake always ends"
        );
    });
}

#[test]
fn the_first_answer_is_not_of_an_instance() {
    on_paused_time(async {
        let mut scene = Scene::new();
        scene.publish("1");
        let mut server = scene.server().await;
        server.call().await;
        server
            .say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            .await;
        let (_, lines) = scene.reports().await;
        assert_eq!(lines[0].level, Level::Warn);
    });
}

#[test]
fn silence_costs_no_memory_and_ends() {
    on_paused_time(async {
        let mut scene = Scene::new();
        let began = Instant::now();
        scene.peer.say(Call::Tick("0".into()));
        let mut silent = scene.server().await;
        assert!(silent.call().await.is_some());
        for number in 1..1000 {
            scene.peer.say(Call::Tick(number.to_string().into()));
        }
        assert_eq!(silent.call().await, None, "it hangs up");
        assert_eq!(began.elapsed(), PATIENCE);
        let (inputs, lines) = scene.reports().await;
        assert_eq!(inputs, [UNREACHABLE]);
        assert_eq!(
            lines[0].text,
            "<sv2>capa:9152 is not reachable: timed out; messages dropped: 1"
        );
    });
}

#[test]
fn a_slow_answer_counts() {
    on_paused_time(async {
        let mut scene = Scene::new();
        scene.publish("1");
        scene.publish("2");
        let mut server = scene.server().await;
        server.call().await;
        let body = encode_reply(&true);
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        for piece in answer.as_bytes().chunks(answer.len() / 4) {
            tokio::time::sleep(PATIENCE / 6).await;
            server
                .say(std::str::from_utf8(piece).expect("a text"))
                .await;
        }
        assert_eq!(server.agree().await.1[1], "2".into());
        assert_eq!(scene.inputs().await, []);
    });
}

#[test]
fn a_silent_peer_delays_no_other() {
    on_paused_time(async {
        let (mut silent, mut other) = (Scene::new(), Scene::new());
        let began = Instant::now();
        silent.publish("1");
        other.publish("1");
        let mut first = silent.server().await;
        first.call().await;
        other.server().await.agree().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(
            (silent.inputs().await, other.inputs().await),
            (vec![], vec![])
        );
    });
}

#[test]
fn a_peer_that_does_not_keep_up_is_unreachable() {
    on_paused_time(async {
        let mut scene = Scene::new();
        scene.publish("1");
        let mut server = scene.server().await;
        server.call().await;
        let long = "x".repeat(1024 * 1024);
        for _ in 0..20 {
            scene.publish(&long);
        }
        let (inputs, lines) = scene.reports().await;
        assert_eq!(inputs, [UNREACHABLE]);
        let text = "<sv2>capa:9152 is not reachable: it does not keep up; messages dropped: 9";
        assert_eq!(lines[0], LogLine::new(Level::Error, text));
    });
}

#[test]
fn a_handshake_that_waits_behind_a_failure_is_kept() {
    on_paused_time(async {
        let mut scene = Scene::new();
        scene.publish("1");
        let mut server = scene.server().await;
        server.call().await;
        scene.publish("2");
        scene.peer.say(Call::Handshake);
        scene.publish("3");
        drop(server);
        let mut server = scene.server().await;
        assert_eq!(
            server.call().await.expect("a call").0,
            "supvisors.get_network_info"
        );
        assert_eq!(scene.inputs().await, [], "the handshake decides");
        drop(server);
        assert_eq!(scene.inputs().await, [UNREACHABLE]);
    });
}
