//! The five questions, and answers of the original and of others.

use visord_cluster::input::Handshake;
use visord_cluster::state::{ClusterState, InstanceState};

use super::*;

macro_rules! captured {
    ($name:literal) => {
        include_str!(concat!("../../wire/tests/captured/", $name, ".xml"))
    };
}

const NETWORK: &str = captured!("network");
const INSTANCE: &str = captured!("instance");
const STRATEGIES: &str = captured!("strategies");
const MODES: &str = captured!("modes");
const PROCESSES: &str = captured!("processes");

/// A handshake with these answers: the methods asked for, what is reported, what is logged.
async fn shake(answers: &[&str]) -> (Vec<String>, Vec<Input>, Vec<LogLine>) {
    let mut scene = Scene::new();
    scene.peer.say(Call::Handshake);
    let mut server = scene.server().await;
    let mut methods = Vec::new();
    for answer in answers {
        methods.push(server.serve(answer).await.0);
    }
    assert!(server.is_quiet().await, "no more questions");
    let (inputs, lines) = scene.reports().await;
    (methods, inputs, lines)
}

/// What came of it.
fn answer(inputs: Vec<Input>) -> Handshake {
    let [Input::Answered { peer, answer, .. }] = &inputs[..] else {
        panic!("{inputs:?}")
    };
    assert_eq!(*peer, InstanceId(1));
    answer.clone()
}

#[test]
fn with_an_original() {
    on_paused_time(async {
        let mut scene = Scene::new();
        let start = scene.peer.target.clock.now().mono.0;
        tokio::time::sleep(Duration::from_secs(7)).await;
        scene.peer.say(Call::Handshake);
        let mut server = scene.server().await;
        let (there, here) = (vec!["capa:9152".into()], vec!["here:9001".into()]);
        for (method, params, answer) in [
            ("get_network_info", there.clone(), NETWORK),
            ("get_instance_info", here, INSTANCE),
            ("get_strategies", vec![], STRATEGIES),
            ("get_instance_state_modes", there, MODES),
            ("get_all_local_process_info", vec![], PROCESSES),
        ] {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let got = server.serve(answer).await;
            assert_eq!(got, (format!("supvisors.{method}"), params));
        }
        let (inputs, lines) = scene.reports().await;
        assert_eq!(lines, []);
        let [Input::Answered { began, .. }] = &inputs[..] else {
            panic!("{inputs:?}")
        };
        assert_eq!(began.0 - start, Duration::from_secs(7));
        let Handshake::Answered {
            stereotypes,
            network: Some(network),
            refused: false,
            strategies: theirs,
            modes: Some(modes),
            processes: Some((asked, processes)),
        } = answer(inputs)
        else {
            panic!("all was answered")
        };
        assert_eq!(stereotypes, ["web".into(), "core".into()]);
        assert_eq!(&*network.machine_id, "02:00:00:00:00:01");
        assert_eq!(network.addresses[0].aliases, ["nodeA"]);
        assert_eq!(theirs, strategies());
        assert_eq!(modes.state, ClusterState::Synchronization);
        let seen = modes.instances.get("capa:9151");
        assert!(
            seen.is_some_and(|it| *it == InstanceState::Stopped),
            "{modes:?}"
        );
        assert_eq!(asked.0 - start, Duration::from_secs(11));
        assert_eq!(processes.len(), 4);
    });
}

#[test]
fn answers_that_end_it() {
    on_paused_time(async {
        let fault = &*encode_fault(10, "BAD_NAME: here:9001");
        let isolated = &*INSTANCE.replace("<int>1</int>", "<int>5</int>");
        let unheard = &*INSTANCE.replace("<int>1</int>", "<int>77</int>");
        let fencing = &*STRATEGIES.replace("<boolean>0</boolean>", "<boolean>1</boolean>");
        let more = &*STRATEGIES.replace(
            "</struct>",
            "<member>\n<name>x</name>\n<value><int>1</int></value>\n</member>\n</struct>",
        );
        let none = &*encode_reply(&Value::Array(Vec::new()));
        for (answers, expected) in [
            (vec![NETWORK, fault], "Unknown"),
            (vec![NETWORK, none], "Unknown"),
            (vec![fault, fault], "Unknown"),
            (vec![NETWORK, isolated], "refused: true"),
            (vec![NETWORK, unheard], "refused: true"),
            (vec![NETWORK, INSTANCE, fault], "Unknown"),
            (vec![NETWORK, INSTANCE, more], "refused: true"),
            (vec![NETWORK, INSTANCE, fencing], "auto_fence: true"),
            (vec![NETWORK, INSTANCE, STRATEGIES, MODES, fault], "Unknown"),
            (vec![NETWORK, INSTANCE, STRATEGIES, MODES, MODES], "Unknown"),
        ] {
            let (_, inputs, _) = shake(&answers).await;
            let answer = answer(inputs);
            let text = format!("{answer:?}");
            assert!(text.contains(expected), "{expected}: {text}");
            let is_whole = text.contains("processes: Some") || text.contains("modes: Some");
            assert!(!is_whole, "{text}");
        }
    });
}

#[test]
fn answers_that_it_can_do_without() {
    on_paused_time(async {
        let fault = &*encode_fault(10, "BAD_NAME: capa:9152");
        let answers = [fault, INSTANCE, STRATEGIES, fault, PROCESSES];
        let (methods, inputs, lines) = shake(&answers).await;
        assert_eq!((methods.len(), lines.len()), (5, 2));
        let Handshake::Answered {
            network: None,
            modes: None,
            processes: Some(_),
            refused: false,
            ..
        } = answer(inputs)
        else {
            panic!("not answered")
        };
    });
}
