//! Whatever happens, in any order: commands end, barriers hold, and no node gets too much.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::support::{World, id, name};
use crate::identity::InstanceId;
use crate::plan::job::Command;
use crate::plan::{Input, predict};
use crate::state::InstanceState;
use crate::strategy::{
    ConciliationStrategy, Distribution, RunningFailureStrategy, StartingFailureStrategy,
    StartingStrategy,
};

const INSTANCES: usize = 4;
const APPLICATIONS: usize = 3;
const PROCESSES: usize = 4;

/// What can happen; the numbers choose among what there is.
#[derive(Clone, Debug)]
enum Action {
    StartAll,
    StopAll,
    StartApplication(usize, usize),
    StopApplication(usize),
    RestartApplication(usize, usize),
    Start(usize, usize),
    Stop(usize),
    Restart(usize, usize),
    StopOn(usize, usize),
    Predict(usize, usize),
    Conciliate(usize),
    /// An instance does something that it was asked to.
    Obey(usize),
    /// A process goes on: it comes up, fails, exits, ends its stop.
    Move(usize, usize),
    /// Its own supervisord, or a user of it, starts a process.
    Alone(usize, usize),
    Tick,
    Lose(usize),
    Join(usize),
    Abort,
}

fn action() -> impl Strategy<Value = Action> {
    let any = 0..1000usize;
    prop_oneof![
        1 => Just(Action::StartAll),
        1 => Just(Action::StopAll),
        2 => (any.clone(), any.clone()).prop_map(|(a, b)| Action::StartApplication(a, b)),
        1 => any.clone().prop_map(Action::StopApplication),
        1 => (any.clone(), any.clone()).prop_map(|(a, b)| Action::RestartApplication(a, b)),
        3 => (any.clone(), any.clone()).prop_map(|(a, b)| Action::Start(a, b)),
        1 => any.clone().prop_map(Action::Stop),
        1 => (any.clone(), any.clone()).prop_map(|(a, b)| Action::Restart(a, b)),
        1 => (any.clone(), any.clone()).prop_map(|(a, b)| Action::StopOn(a, b)),
        1 => (any.clone(), any.clone()).prop_map(|(a, b)| Action::Predict(a, b)),
        1 => any.clone().prop_map(Action::Conciliate),
        15 => any.clone().prop_map(Action::Obey),
        15 => (any.clone(), any.clone()).prop_map(|(a, b)| Action::Move(a, b)),
        2 => (any.clone(), any.clone()).prop_map(|(a, b)| Action::Alone(a, b)),
        3 => Just(Action::Tick),
        1 => any.clone().prop_map(Action::Lose),
        2 => any.prop_map(Action::Join),
        1 => Just(Action::Abort),
    ]
}

/// The choices of rules: one number for each application and process.
fn rules() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..10_000usize, APPLICATIONS * (1 + PROCESSES))
}

fn pick<T: Copy>(from: &[T], number: usize) -> Option<T> {
    from.get(number % from.len().max(1)).copied()
}

type Place = (ProcessName, InstanceId);

/// A world with instances that obey, later or never.
struct History {
    world: World,
    names: Vec<ProcessName>,
    /// What instances were asked to do, and have not done: starts, stops.
    orders: Vec<(bool, Place)>,
    /// Starts and stops that no event has ended.
    open: [BTreeSet<Place>; 2],
    /// Only we start processes.
    tame: bool,
}

impl History {
    fn new(rules: &[usize], tame: bool) -> Self {
        let mut world = World::new("aabb");
        let mut rules = rules.iter().copied();
        let mut names = Vec::new();
        for application in 0..APPLICATIONS {
            let choice = rules.next().unwrap();
            world.application(&format!("a{application}"), |it| {
                it.start_sequence = u32::try_from(choice % 3).unwrap();
                it.stop_sequence = u32::try_from(choice / 3 % 2).unwrap();
                it.distribution = pick(&Distribution::ALL, choice / 6).unwrap();
            });
            for process in 0..PROCESSES {
                let choice = rules.next().unwrap();
                let process = format!("a{application}:p{process}");
                world.process(&process, |it| {
                    it.start_sequence = u32::try_from(choice % 3).unwrap();
                    it.stop_sequence = u32::try_from(choice / 3 % 2).unwrap();
                    it.required = choice / 6 % 2 == 1 && it.start_sequence > 0;
                    it.wait_exit = choice / 12 % 4 == 1;
                    it.expected_loading = u32::try_from(choice / 48 % 5 * 10).unwrap();
                    it.starting_failure =
                        pick(&StartingFailureStrategy::ALL, choice / 240).unwrap();
                    it.running_failure = pick(&RunningFailureStrategy::ALL, choice / 720).unwrap();
                });
                names.push(name(&process));
            }
        }
        Self {
            world,
            names,
            orders: Vec::new(),
            open: [BTreeSet::new(), BTreeSet::new()],
            tame,
        }
    }

    fn step(&mut self, input: Input) {
        let lines = self.world.step(input);
        self.note(&lines);
    }

    fn note(&mut self, lines: &[String]) {
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let (start, process, on) = match words[..] {
                ["start", process, on, ..] => (true, process, on),
                ["stop", process, on] => (false, process, on),
                _ => continue,
            };
            let place = (name(process), id(on.parse().unwrap()));
            assert_eq!(
                self.world.view.instance(place.1).state(),
                InstanceState::Running,
                "{line}"
            );
            self.open[usize::from(!start)].insert(place.clone());
            self.orders.push((start, place));
        }
        self.check();
    }

    fn publish(&mut self, (process, on): &Place, state: ProcessState, expected: bool) {
        if state.is_stopped() {
            self.open[1].remove(&(process.clone(), *on));
        }
        let up = state == ProcessState::Running && !self.rule(process).1;
        if state.is_stopped() || state == ProcessState::Stopping || up {
            self.open[0].remove(&(process.clone(), *on));
        }
        let lines = self.world.full_event(process, *on, state, expected);
        self.note(&lines);
        let crash = state == ProcessState::Fatal || (state == ProcessState::Exited && !expected);
        if crash {
            self.step(Input::Crashed(process.clone()));
        }
    }

    /// `required` and `wait_exit`.
    fn rule(&self, process: &ProcessName) -> (bool, bool) {
        let rules = &self.world.view.process(process).unwrap().rules;
        (rules.required, rules.wait_exit)
    }

    fn state_on(&self, (process, on): &Place) -> ProcessState {
        self.world.view.process(process).unwrap().records()[on]
            .info
            .state
    }

    fn is_up(&self, on: InstanceId) -> bool {
        self.world.view.instance(on).state() == InstanceState::Running
    }

    fn check(&self) {
        self.check_commands();
        self.check_barriers();
        if self.tame {
            self.check_load();
        }
        let failures = &self.world.plan.failures;
        assert!(failures.stop.is_disjoint(&failures.restart));
        assert!(
            failures
                .processes
                .iter()
                .all(|it| !failures.stop.contains(&it.group))
        );
    }

    /// The plan waits for nothing that has ended, and for each process once.
    fn check_commands(&self) {
        let plan = &self.world.plan;
        let starts = plan
            .starter
            .queue
            .current
            .iter()
            .flat_map(|job| &job.current);
        let mut seen = BTreeSet::new();
        for command in starts {
            let place = (command.process().clone(), command.on().unwrap());
            assert!(seen.insert(place.0.clone()), "{place:?} is started twice");
            assert!(
                self.open[0].contains(&place),
                "{place:?} has ended its start"
            );
        }
        let stops = plan
            .stopper
            .queue
            .current
            .iter()
            .flat_map(|job| &job.current);
        for command in stops {
            let place = (command.process().clone(), command.on().unwrap());
            assert!(
                self.open[1].contains(&place),
                "{place:?} has ended its stop"
            );
        }
    }

    /// One group of applications and, in each of them, one sub-group at a time.
    fn check_barriers(&self) {
        let view = &self.world.view;
        let plan = &self.world.plan;
        let mut groups = BTreeSet::new();
        for job in &plan.starter.queue.current {
            groups.insert(
                view.application(&job.application)
                    .unwrap()
                    .rules
                    .start_sequence,
            );
            let commands = job
                .current
                .iter()
                .map(|it| view.process(it.process()).unwrap());
            let sub_groups: BTreeSet<u32> = commands.map(|it| it.rules.start_sequence).collect();
            assert!(sub_groups.len() <= 1, "{sub_groups:?}");
        }
        assert!(groups.len() <= 1, "{groups:?}");
        let mut groups = BTreeSet::new();
        for job in &plan.stopper.queue.current {
            groups.insert(
                view.application(&job.application)
                    .unwrap()
                    .rules
                    .stop_sequence,
            );
            let commands = job
                .current
                .iter()
                .map(|it| view.process(it.process()).unwrap());
            let sub_groups: BTreeSet<u32> = commands.map(|it| it.rules.stop_sequence).collect();
            assert!(sub_groups.len() <= 1, "{sub_groups:?}");
        }
        assert!(groups.len() <= 1, "{groups:?}");
    }

    /// What runs and what was asked for need no more than there is.
    fn check_load(&self) {
        let view = &self.world.view;
        let mut nodes = BTreeMap::new();
        for on in view.mapper.ids() {
            *nodes.entry(view.node(on)).or_insert(0) += view.load(on);
        }
        let starts = self.world.plan.starter.queue.current.iter();
        for command in starts.flat_map(|job| &job.current) {
            let process = view.process(command.process()).unwrap();
            if process.state().is_stopped() {
                let node = view.node(command.on().unwrap());
                *nodes.entry(node).or_insert(0) += process.rules.expected_loading;
            }
        }
        assert!(nodes.values().all(|&load| load <= 100), "{nodes:?}");
    }

    fn act(&mut self, action: &Action) {
        let application = |number: usize| format!("a{}", number % APPLICATIONS).as_str().into();
        let strategy = |number| pick(&StartingStrategy::ALL, number).unwrap();
        let names = &self.names;
        let one = |number: usize| Vec::from([names[number % names.len()].clone()]);
        let none = Some(String::new());
        match *action {
            Action::StartAll => self.step(Input::StartAll),
            Action::StopAll => self.step(Input::StopAll),
            Action::StartApplication(a, b) => {
                self.step(Input::StartApplication(application(a), strategy(b)));
            }
            Action::StopApplication(a) => self.step(Input::StopApplication(application(a))),
            Action::RestartApplication(a, b) => {
                self.step(Input::RestartApplication(application(a), strategy(b)));
            }
            Action::Start(a, b) => self.step(Input::StartProcesses(one(a), strategy(b), none)),
            Action::Stop(a) => self.step(Input::StopProcesses(one(a))),
            Action::Restart(a, b) => self.step(Input::RestartProcesses(one(a), strategy(b), none)),
            Action::StopOn(a, b) => self.step(Input::StopOn(id(a % INSTANCES), one(b))),
            Action::Predict(a, b) => {
                let input = Input::StartApplication(application(a), strategy(b));
                predict(&self.world.view, &self.world.plan, input);
            }
            Action::Conciliate(a) => {
                let strategy = pick(&ConciliationStrategy::ALL, a).unwrap();
                let conflicts = self.world.view.conflicts();
                self.step(Input::Conciliate(strategy, conflicts));
            }
            Action::Obey(a) => self.obey(a),
            Action::Move(a, b) => self.go_on(a, b),
            Action::Alone(a, b) => {
                let place = (one(a).remove(0), id(b % INSTANCES));
                if !self.tame && self.is_up(place.1) && self.state_on(&place).is_stopped() {
                    self.publish(&place, ProcessState::Starting, true);
                }
            }
            Action::Tick => self.tick(),
            Action::Lose(a) => self.lose(a % INSTANCES),
            Action::Join(a) => {
                let on = id(a % INSTANCES);
                if self.world.view.instance(on).state() == InstanceState::Stopped {
                    self.world.join(on);
                }
            }
            Action::Abort => self.step(Input::Abort),
        }
    }

    fn tick(&mut self) {
        let lines = self.world.tick();
        self.note(&lines);
    }

    fn lose(&mut self, on: usize) {
        if on == 0 || !self.is_up(id(on)) {
            return;
        }
        self.orders.retain(|(_, place)| place.1 != id(on));
        let lines = self.world.lose(on, true);
        self.note(&lines);
    }

    /// Perform the order of this number.
    fn obey(&mut self, number: usize) {
        if self.orders.is_empty() {
            return;
        }
        let (start, place) = self.orders.remove(number % self.orders.len());
        let state = self.state_on(&place);
        if start {
            // one that the plan gave up would be a load that it did not choose
            let jobs = &self.world.plan.starter.queue.current;
            let wanted = jobs
                .iter()
                .any(|job| job.position(&place.0, place.1).is_some());
            if state.is_stopped() && (wanted || !self.tame) {
                self.publish(&place, ProcessState::Starting, true);
            }
        } else if state == ProcessState::Backoff {
            self.publish(&place, ProcessState::Stopped, true);
        } else if state.is_running() {
            self.publish(&place, ProcessState::Stopping, true);
        }
    }

    /// A process that is not at rest makes one of the moves that a supervisord allows.
    fn go_on(&mut self, number: usize, choice: usize) {
        let instances = (0..INSTANCES).map(id).filter(|&on| self.is_up(on));
        let places = instances.flat_map(|on| self.names.iter().map(move |it| (it.clone(), on)));
        let moving = |place: &Place| !self.state_on(place).is_stopped();
        let places: Vec<Place> = places.filter(moving).collect();
        let Some(place) = places.get(number % places.len().max(1)) else {
            return;
        };
        let moves: &[(ProcessState, bool)] = match self.state_on(place) {
            ProcessState::Starting => &[
                (ProcessState::Running, true),
                (ProcessState::Running, true),
                (ProcessState::Backoff, true),
                (ProcessState::Exited, true),
            ],
            ProcessState::Backoff => {
                &[(ProcessState::Starting, true), (ProcessState::Fatal, false)]
            }
            ProcessState::Running => &[(ProcessState::Exited, true), (ProcessState::Exited, false)],
            ProcessState::Stopping => &[(ProcessState::Stopped, true)],
            ProcessState::Stopped
            | ProcessState::Exited
            | ProcessState::Fatal
            | ProcessState::Unknown => &[],
        };
        if let Some((state, expected)) = pick(moves, choice) {
            self.publish(place, state, expected);
        }
    }

    /// From now on instances do what they are asked to, or only send TICKs. How many TICKs until
    /// nothing is in progress.
    fn settle(&mut self, obedient: bool) -> usize {
        for ticks in 0..1000 {
            if self.world.is_idle() {
                return ticks;
            }
            if obedient {
                while !self.orders.is_empty() {
                    self.obey(0);
                }
            } else {
                self.orders.clear();
            }
            for on in 0..INSTANCES {
                for process in self.names.clone() {
                    self.settle_one(&(process, id(on)), obedient);
                }
            }
            self.tick();
        }
        panic!("{:?}", self.world.plan);
    }

    /// What waits for an exit gets it; an obedient instance also ends what it has begun.
    fn settle_one(&mut self, place: &Place, obedient: bool) {
        if !self.is_up(place.1) {
            return;
        }
        match self.state_on(place) {
            ProcessState::Starting | ProcessState::Backoff if obedient => {
                self.publish(place, ProcessState::Running, true);
            }
            ProcessState::Stopping if obedient => {
                self.publish(place, ProcessState::Stopped, true);
            }
            ProcessState::Running if self.rule(&place.0).1 => {
                self.publish(place, ProcessState::Exited, true);
            }
            ProcessState::Starting
            | ProcessState::Backoff
            | ProcessState::Stopping
            | ProcessState::Running
            | ProcessState::Stopped
            | ProcessState::Exited
            | ProcessState::Fatal
            | ProcessState::Unknown => {}
        }
    }
}

fn run(rules: &[usize], actions: &[Action], tame: bool, obedient: bool) {
    let mut history = History::new(rules, tame);
    for action in actions {
        history.act(action);
    }
    // each of the commands that can be planned, one after the other: 5 TICKs to start or stop
    let ticks = history.settle(obedient);
    assert!(ticks <= 200, "{ticks}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn we_never_load_a_node_too_much(
        rules in rules(),
        actions in proptest::collection::vec(action(), 0..120),
        obedient: bool,
    ) {
        run(&rules, &actions, true, obedient);
    }

    #[test]
    fn commands_end_and_barriers_hold(
        rules in rules(),
        actions in proptest::collection::vec(action(), 0..120),
        obedient: bool,
    ) {
        run(&rules, &actions, false, obedient);
    }
}
