//! The links between hosts: one connection for each pair and direction, one message at a time.

use fastrand::Rng;

use crate::world::Micros;

/// What a message meets at its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and the sender knows.
    Arrives,
    /// It arrives, but the sender has no answer.
    Unanswered,
    /// It is lost, and the sender notices after some time.
    Lost,
    /// The connection breaks before.
    Reset,
    /// The connection breaks after it; the sender tries again.
    Repeated,
}

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Smallest and largest delay.
    pub delay: (Micros, Micros),
    /// One message in this many is late by up to a second; 0: none.
    pub slow: u32,
    /// One in this many breaks its connection; 0: none.
    pub reset: u32,
    /// One in this many arrives twice; 0: none.
    pub repeat: u32,
}

impl Weather {
    /// Nothing goes wrong.
    pub const CALM: Self = Self {
        delay: (300, 2_000),
        slow: 0,
        reset: 0,
        repeat: 0,
    };
}

/// All links.
#[derive(Debug)]
pub struct Network {
    nodes: usize,
    /// When the link has delivered all that was sent.
    busy: Vec<Micros>,
    /// How many faults cut the link.
    cuts: Vec<u32>,
    /// How bad it is now.
    pub weather: Weather,
}

impl Network {
    /// All links are good.
    pub fn new(nodes: usize) -> Self {
        Self {
            nodes,
            busy: vec![0; nodes * nodes],
            cuts: vec![0; nodes * nodes],
            weather: Weather::CALM,
        }
    }

    const fn link(&self, from: usize, to: usize) -> usize {
        from * self.nodes + to
    }

    /// When a message that is sent now arrives: after all that were sent before.
    pub fn arrival(&mut self, from: usize, to: usize, now: Micros, rng: &mut Rng) -> Micros {
        let (least, most) = self.weather.delay;
        let mut delay = rng.u64(least..=most);
        if chance(self.weather.slow, rng) {
            delay += rng.u64(100_000..=1_000_000);
        }
        let link = self.link(from, to);
        let arrival = self.busy[link].max(now) + delay;
        self.busy[link] = arrival;
        arrival
    }

    /// What happens to a message when it should arrive.
    pub fn fate(&self, from: usize, to: usize, rng: &mut Rng) -> Fate {
        if self.cuts[self.link(from, to)] > 0 {
            Fate::Lost
        } else if self.cuts[self.link(to, from)] > 0 {
            Fate::Unanswered
        } else if chance(self.weather.reset, rng) {
            Fate::Reset
        } else if chance(self.weather.repeat, rng) {
            Fate::Repeated
        } else {
            Fate::Arrives
        }
    }

    /// Cuts or mends one direction.
    pub fn cut(&mut self, from: usize, to: usize, cut: bool) {
        let link = self.link(from, to);
        let cuts = &mut self.cuts[link];
        *cuts = if cut {
            *cuts + 1
        } else {
            cuts.saturating_sub(1)
        };
    }

    /// Whether both directions work.
    pub fn is_whole(&self, a: usize, b: usize) -> bool {
        self.cuts[self.link(a, b)] == 0 && self.cuts[self.link(b, a)] == 0
    }
}

fn chance(one_in: u32, rng: &mut Rng) -> bool {
    one_in > 0 && rng.u32(0..one_in) == 0
}
