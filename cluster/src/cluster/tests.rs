//! One instance, `s1`, with peers `s2` and `s3` played by the tests.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use visord_model::moment::{Moment, Mono};
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::Cluster;
use crate::effect::Effect;
use crate::identity::{Identity, InstanceId};
use crate::input::{Handshake, Input, Request, Ticket};
use crate::message::{LocalProcess, Origin, ProcessEvent, Publication, StateModes, Tick};
use crate::options::Options;
use crate::rules::Rules;
use crate::rules::element::{ApplicationElement, ProgramElement, RulesFile};
use crate::state::{ClusterState, InstanceState};
use crate::strategy::SyncOption;
use crate::view::mapper::Mapper;

mod grid;
mod members;
mod publications;
mod requests;

const ONE: InstanceId = InstanceId(0);
const TWO: InstanceId = InstanceId(1);
const THREE: InstanceId = InstanceId(2);

/// `app` is managed: `db` first, then `web`. `free` is not.
const PROCESSES: [(&str, &str); 3] = [("app", "db"), ("app", "web"), ("free", "free")];

#[derive(Clone)]
struct World {
    cluster: Cluster,
    now: Moment,
    /// The number of the next TICK of the peers.
    counter: u64,
}

fn rules() -> Rules {
    let program = |name: &str, start_sequence| ProgramElement {
        name: Some(name.into()),
        start_sequence: Some(start_sequence),
        required: Some(true),
        ..ProgramElement::default()
    };
    let application = ApplicationElement {
        name: Some("app".into()),
        start_sequence: Some(1),
        programs: Vec::from([program("db", 1), program("web", 2)]),
        ..ApplicationElement::default()
    };
    let file = RulesFile {
        applications: Vec::from([application]),
        ..RulesFile::default()
    };
    Rules::new(Vec::from([file])).0
}

fn identity(number: u32) -> Identity {
    Identity {
        identifier: format!("s{number}:1").into(),
        nick: format!("s{number}").into(),
        host: format!("s{number}").into(),
        port: 1,
        stereotypes: Vec::new(),
        network: None,
    }
}

fn origin(id: InstanceId) -> Origin {
    let identity = identity(id.0 + 1);
    Origin {
        identifier: identity.identifier,
        nick: identity.nick,
        address: "10.0.0.1".into(),
        port: 1,
    }
}

fn local((group, process): (&str, &str), state: ProcessState) -> LocalProcess {
    LocalProcess {
        name: ProcessName::new(group, process),
        state,
        start: 0.0,
        stop: 0.0,
        now: 0.0,
        start_monotonic: 0.0,
        stop_monotonic: 0.0,
        now_monotonic: 0.0,
        pid: 0,
        description: String::new(),
        spawnerr: String::new(),
        expected: true,
        extra_args: String::new(),
        startsecs: 1,
        stopwaitsecs: 10,
        process_index: 0,
        program: process.into(),
        disabled: false,
        has_stdout: false,
        has_stderr: false,
    }
}

fn stopped() -> Vec<LocalProcess> {
    PROCESSES
        .map(|name| local(name, ProcessState::Stopped))
        .into()
}

fn modes(id: InstanceId, state: ClusterState, master: &str) -> StateModes {
    let running = |name: &str| (Arc::from(name), InstanceState::Running);
    StateModes {
        identifier: origin(id).identifier,
        nick: origin(id).nick,
        now_monotonic: 0.0,
        state,
        degraded: false,
        discovery: false,
        master: master.into(),
        starting_jobs: false,
        stopping_jobs: false,
        instances: BTreeMap::from(["s1:1", "s2:1", "s3:1"].map(running)),
    }
}

impl World {
    fn new(synchro: SyncOption) -> Self {
        let options = Options {
            synchro_options: BTreeSet::from([synchro]),
            ..Options::default()
        };
        Self::with(options, 3)
    }

    fn with(options: Options, count: u32) -> Self {
        let mapper = Mapper::new((1..=count).map(identity).collect(), ONE);
        Self {
            cluster: Cluster::new(options, mapper, rules()),
            now: Moment {
                mono: Mono(Duration::from_secs(100)),
                unix: 1_700_000_000,
            },
            counter: 0,
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now.mono = self.now.mono + Duration::from_secs(seconds);
        self.now.unix += seconds as i64;
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        self.cluster.step(input, self.now)
    }

    fn hear(&mut self, from: InstanceId, publication: Publication) -> Vec<Effect> {
        self.step(Input::Heard {
            origin: origin(from),
            publication,
        })
    }

    fn tick_of(&mut self, from: InstanceId) -> Vec<Effect> {
        let tick = Tick {
            when: 0.0,
            when_monotonic: 0.0,
            sequence_counter: self.counter,
        };
        self.hear(from, Publication::Tick(tick))
    }

    /// 5 s pass: the peers that live send their TICKs, then the local one is due.
    fn tick(&mut self, peers: &[InstanceId]) -> Vec<Effect> {
        self.wait(5);
        self.counter += 1;
        let mut all = Vec::new();
        for peer in peers {
            all.extend(self.tick_of(*peer));
        }
        all.extend(self.step(Input::Tick));
        all
    }

    fn publish(&mut self, id: InstanceId, state: ClusterState, master: &str) -> Vec<Effect> {
        self.hear(id, Publication::State(Arc::new(modes(id, state, master))))
    }

    fn answer(&mut self, id: InstanceId, state: ClusterState, master: &str) -> Vec<Effect> {
        let answer = self.good_answer(id, state, master);
        self.step(answer)
    }

    fn good_answer(&self, id: InstanceId, state: ClusterState, master: &str) -> Input {
        Input::Answered {
            peer: id,
            began: self.now.mono,
            answer: Handshake::Answered {
                stereotypes: Vec::new(),
                network: None,
                refused: false,
                strategies: self.cluster.options.strategies(),
                modes: Some(modes(id, state, master)),
                processes: Some((self.now.mono, stopped())),
            },
        }
    }

    /// `s2` and `s3` join. All are in ELECTION and agree on this Master.
    fn join(&mut self, master: &str) {
        self.step(Input::Begin(stopped()));
        for id in [TWO, THREE] {
            self.tick_of(id);
            self.answer(id, ClusterState::Election, master);
        }
    }

    /// `s1` is Master in OPERATION and runs `app`.
    fn lead(&mut self) {
        self.join("s1:1");
        self.tick(&[TWO, THREE]);
        assert_eq!(self.cluster.state(), ClusterState::Distribution);
        for process in [PROCESSES[0], PROCESSES[1]] {
            self.local_event(process, ProcessState::Starting);
            self.local_event(process, ProcessState::Running);
        }
        for id in [TWO, THREE] {
            self.publish(id, ClusterState::Distribution, "s1:1");
        }
        assert_eq!(self.cluster.state(), ClusterState::Operation);
    }

    /// `s2` is Master.
    fn serve(&mut self, state: ClusterState) {
        self.join("s2:1");
        self.publish(TWO, ClusterState::Distribution, "s2:1");
        self.tick(&[TWO, THREE]);
        for next in [ClusterState::Operation, state] {
            self.publish(TWO, next, "s2:1");
        }
        assert_eq!(self.cluster.state(), state);
    }

    fn event(&self, (group, process): (&str, &str), state: ProcessState) -> ProcessEvent {
        ProcessEvent {
            name: ProcessName::new(group, process),
            state,
            now: self.now.unix as f64,
            now_monotonic: self.now.mono.0.as_secs_f64(),
            pid: 7,
            expected: false,
            spawnerr: String::new(),
            extra_args: String::new(),
            disabled: false,
            forced: None,
        }
    }

    fn local_event(&mut self, name: (&str, &str), state: ProcessState) -> Vec<Effect> {
        self.now.mono = self.now.mono + Duration::from_millis(1);
        let event = self.event(name, state);
        self.step(Input::LocalEvent(event))
    }

    fn peer_event(
        &mut self,
        from: InstanceId,
        name: (&str, &str),
        state: ProcessState,
    ) -> Vec<Effect> {
        self.now.mono = self.now.mono + Duration::from_millis(1);
        let event = self.event(name, state);
        self.hear(from, Publication::Process(event))
    }

    fn ask(&mut self, request: Request) -> Vec<Effect> {
        self.step(Input::Ask(Ticket(1), request))
    }

    fn state_of(&self, id: InstanceId) -> InstanceState {
        self.cluster.view().instance(id).state()
    }
}

/// What an outsider sees of an effect, in a few words; nothing for shows and logs.
fn words(effect: &Effect) -> Option<String> {
    let to = |peers: &[InstanceId]| {
        let names: Vec<String> = peers.iter().map(|id| format!("s{}", id.0 + 1)).collect();
        names.join(" ")
    };
    Some(match effect {
        Effect::Publish(peers, publication) => {
            let what = match publication {
                Publication::Tick(_) => "TICK".to_string(),
                Publication::Process(event) => format!("{} {}", event.name, event.state),
                Publication::Added(process) => format!("added {}", process.name),
                Publication::Removed { group, .. } => format!("removed {group}"),
                Publication::Disability(process) => format!("disability of {}", process.name),
                Publication::HostStatistics(_) | Publication::ProcessStatistics(_) => {
                    "statistics".to_string()
                }
                Publication::State(modes) => modes.state.to_string(),
            };
            format!("{what} to {}", to(peers))
        }
        Effect::Handshake(id) => format!("handshake with {}", to(&[*id])),
        Effect::Start { on, process, .. } => format!("start {process} on {}", to(&[*on])),
        Effect::Stop { on, process } => format!("stop {process} on {}", to(&[*on])),
        Effect::AskMaster(id, closing) => format!("ask {} to {closing:?}", to(&[*id])),
        Effect::Close(closing) => format!("close: {closing:?}"),
        Effect::ExtraArgs(name, args) => format!("arguments of {name}: {args:?}"),
        Effect::ForbidAutorestart(name, _) => format!("no autorestart of {name}"),
        Effect::Answer(_, Ok(reply)) => format!("answer {reply:?}"),
        Effect::Answer(_, Err(fault)) => format!("fault {fault}"),
        Effect::Show(_) | Effect::Log(_) => return None,
    })
}

fn told(effects: &[Effect]) -> Vec<String> {
    effects.iter().filter_map(words).collect()
}
