//! `#` and `@`: how instances are shared out (spec cluster 2.6, 2.7).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};
use visord_model::pyrepr::repr;

use super::Sign;
use crate::identity::InstanceId;

/// The instance of an application whose rules have `#`: its number, which its name ends with,
/// counts round the candidates (known instances of the list, in its order).
///
/// # Errors
/// It has none, then its start sequence must become 0: what to log.
pub fn application(name: &str, candidates: &[InstanceId]) -> Result<InstanceId, LogLine> {
    let refuse = |reason: &str| {
        let text = format!("rules of application {name}: # {reason}");
        Err(LogLine::new(Level::Error, text))
    };
    let Some(digits) = number(name) else {
        return refuse("needs a name that ends with - or _ and a number");
    };
    if candidates.is_empty() {
        return refuse("has no known instance to choose from");
    }
    let Some(index) = before(digits, candidates.len()) else {
        return refuse("needs a number > 0 at the end of the name");
    };
    Ok(candidates[index])
}

/// The digits behind the last `-` or `_`.
fn number(name: &str) -> Option<&str> {
    let (_, digits) = name.rsplit_once(['-', '_'])?;
    let is_number = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    is_number.then_some(digits)
}

/// The number minus 1, modulo `count`; `None` for 0. The number may have any length.
fn before(digits: &str, count: usize) -> Option<usize> {
    if digits.bytes().all(|c| c == b'0') {
        return None;
    }
    let count = count as u128;
    let rest = digits.bytes().fold(0, |rest: u128, digit| {
        (rest * 10 + u128::from(digit - b'0')) % count
    });
    usize::try_from((rest + count - 1) % count).ok()
}

/// The signs of the processes of one program of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSign {
    at: Option<Vec<Arc<str>>>,
    hash: Option<Vec<Arc<str>>>,
}

/// A process of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its rank in the group, from 0 (`process_index`).
    pub index: u32,
    /// Its rules have the sign of the group and nothing was assigned to it yet.
    pub waits: bool,
    /// What was assigned to it, else the first instance of its rules.
    pub on: Option<InstanceId>,
}

impl GroupSign {
    /// A process with this sign was added to the group. All processes of a program must have the
    /// same list: what to log otherwise. The last list counts, and `@` before `#`.
    pub fn add(&mut self, program: &str, sign: &Sign) -> Vec<LogLine> {
        let mut log = Vec::new();
        let mut complain = |first: String, second: String| {
            let text = format!("rules of program {program}: {first} does not go with {second}");
            log.push(LogLine::new(Level::Error, text));
        };
        let (c, place, list) = match sign {
            Sign::At(list) => ('@', &mut self.at, list),
            Sign::Hash(list) => ('#', &mut self.hash, list),
        };
        if let Some(before) = place.as_ref().filter(|before| *before != list) {
            complain(show(c, before), show(c, list));
        }
        *place = Some(list.clone());
        if let (Some(at), Some(hash)) = (&self.at, &self.hash) {
            complain(show('@', at), show('#', hash));
            self.hash = None;
        }
        log
    }

    /// The sign that counts.
    pub fn sign(&self) -> Option<Sign> {
        let at = self.at.clone().map(Sign::At);
        at.or_else(|| self.hash.clone().map(Sign::Hash))
    }
}

fn show(sign: char, list: &[Arc<str>]) -> String {
    let names: Vec<String> = list.iter().map(|name| repr(name)).collect();
    format!("{sign}=[{}]", names.join(", "))
}

/// Positions of those that wait, by their rank.
fn waiting(members: &[Member]) -> Vec<usize> {
    let all = 0..members.len();
    let mut waiting: Vec<usize> = all.filter(|&at| members[at].waits).collect();
    waiting.sort_by_key(|&at| members[at].index);
    waiting
}

/// `@`: one instance each, as long as there are any; the others get none. In the order of the
/// ranks: the position of a member and its instance.
pub fn one_each(members: &[Member], candidates: &[InstanceId]) -> Vec<(usize, InstanceId)> {
    let is_free = |id: &InstanceId| members.iter().all(|member| member.on != Some(*id));
    let free = candidates.iter().copied().filter(is_free);
    waiting(members).into_iter().zip(free).collect()
}

/// `#`: each gets the instance that has the fewest of the group, the first of equal ones. In the
/// order of the ranks: the position of a member and its instance.
pub fn in_turn(members: &[Member], candidates: &[InstanceId]) -> Vec<(usize, InstanceId)> {
    let mut counts = BTreeMap::new();
    for id in members.iter().filter_map(|member| member.on) {
        *counts.entry(id).or_insert(0_usize) += 1;
    }
    let assign = |at| {
        let count = |id: &&InstanceId| counts.get(*id).copied().unwrap_or(0);
        let id = *candidates.iter().min_by_key(count)?;
        *counts.entry(id).or_insert(0) += 1;
        Some((at, id))
    };
    waiting(members).into_iter().filter_map(assign).collect()
}
