//! `#` and `@` (spec cluster 2.6, 2.7).

use std::format;
use std::string::String;
use std::sync::Arc;

use std::vec::Vec;

use proptest::prelude::*;

use crate::identity::InstanceId;
use crate::rules::Sign;
use crate::rules::share::{self, GroupSign, Member, in_turn, one_each};

fn ids(numbers: &[u32]) -> Vec<InstanceId> {
    numbers.iter().copied().map(InstanceId).collect()
}

fn new(count: u32) -> Vec<Member> {
    let member = |index| Member {
        index,
        waits: true,
        on: None,
    };
    (0..count).map(member).collect()
}

/// Where each member is in the end.
fn placed(mut members: Vec<Member>, assigned: Vec<(usize, InstanceId)>) -> Vec<Option<u32>> {
    for (at, id) in assigned {
        assert!(members[at].waits && members[at].on.is_none());
        members[at].on = Some(id);
    }
    members
        .iter()
        .map(|member| member.on.map(|id| id.0))
        .collect()
}

#[test]
fn the_number_of_an_application_counts_round() {
    let all = ids(&[7, 8, 9]);
    let table = [
        ("app_1", Ok(7)),
        ("app_01", Ok(7)),
        ("app-2", Ok(8)),
        ("hg_03", Ok(9)),
        ("hg_04", Ok(7)),
        ("a_b-5", Ok(8)),
        ("app_1000000000000000000000000000000000000000", Ok(7)),
        ("app_0", Err("needs a number > 0 at the end of the name")),
        (
            "app",
            Err("needs a name that ends with - or _ and a number"),
        ),
        (
            "app1",
            Err("needs a name that ends with - or _ and a number"),
        ),
        (
            "app_1x",
            Err("needs a name that ends with - or _ and a number"),
        ),
        (
            "app_",
            Err("needs a name that ends with - or _ and a number"),
        ),
    ];
    for (name, expected) in table {
        let expected = expected.map(InstanceId);
        let text = |reason| format!("rules of application {name}: # {reason}");
        let found = share::application(name, &all).map_err(|line| line.text);
        assert_eq!(found, expected.map_err(text), "{name}");
    }
    assert!(share::application("app_1", &[]).is_err());
}

#[test]
fn hash_goes_round() {
    let assigned = in_turn(&new(5), &ids(&[0, 1, 2]));
    let expected = [Some(0), Some(1), Some(2), Some(0), Some(1)];
    assert_eq!(placed(new(5), assigned), expected);
    // the order of the list counts
    let assigned = in_turn(&new(3), &ids(&[2, 1]));
    assert_eq!(placed(new(3), assigned), [Some(2), Some(1), Some(2)]);
    assert_eq!(in_turn(&new(3), &[]), []);
}

#[test]
fn at_gives_one_each() {
    let assigned = one_each(&new(5), &ids(&[0, 1, 2]));
    let expected = [Some(0), Some(1), Some(2), None, None];
    assert_eq!(placed(new(5), assigned), expected);
}

#[test]
fn what_is_assigned_stays() {
    let mut members = new(4);
    members[0].waits = false;
    members[0].on = Some(InstanceId(1));
    let candidates = ids(&[0, 1, 2]);
    let hash: Vec<_> = in_turn(&members, &candidates);
    assert_eq!(
        hash,
        [(1, InstanceId(0)), (2, InstanceId(2)), (3, InstanceId(0))]
    );
    let at = one_each(&members, &candidates);
    assert_eq!(at, [(1, InstanceId(0)), (2, InstanceId(2))]);
}

#[test]
fn ranks_count_not_positions() {
    let mut members = new(3);
    members.reverse();
    let assigned = one_each(&members, &ids(&[0, 1]));
    assert_eq!(assigned, [(2, InstanceId(0)), (1, InstanceId(1))]);
}

#[test]
fn one_program_has_one_list() {
    let list = |names: &[&str]| -> Vec<Arc<str>> { names.iter().copied().map(Arc::from).collect() };
    let mut sign = GroupSign::default();
    let first = Sign::Hash(list(&["a", "b"]));
    assert_eq!(sign.add("p", &first), []);
    assert_eq!(sign.add("p", &first), []);
    let texts = |log: Vec<visord_model::log_line::LogLine>| -> Vec<String> {
        log.into_iter().map(|line| line.text).collect()
    };
    let other = Sign::Hash(list(&["c"]));
    let expected = "rules of program p: #=['a', 'b'] does not go with #=['c']";
    assert_eq!(texts(sign.add("p", &other)), [expected]);
    assert_eq!(sign.sign(), Some(other));
    let at = Sign::At(list(&["*"]));
    let expected = "rules of program p: @=['*'] does not go with #=['c']";
    assert_eq!(texts(sign.add("p", &at)), [expected]);
    assert_eq!(sign.sign(), Some(at.clone()));
    // one more with # does not win
    assert_eq!(sign.add("p", &first).len(), 1);
    assert_eq!(sign.sign(), Some(at));
    assert_eq!(GroupSign::default().sign(), None);
}

fn members() -> impl Strategy<Value = Vec<Member>> {
    let member = (0..20_u32, proptest::option::of(0..6_u32));
    proptest::collection::vec(member, 0..12).prop_map(|list| {
        let member = |(index, on): (u32, Option<u32>)| Member {
            index,
            waits: on.is_none(),
            on: on.map(InstanceId),
        };
        list.into_iter().map(member).collect()
    })
}

proptest! {
    /// `@` never puts two on one instance, and leaves none idle while a process waits.
    #[test]
    fn at_is_exclusive(members in members(), count in 0..6_u32) {
        let candidates: Vec<_> = (0..count).map(InstanceId).collect();
        let assigned = one_each(&members, &candidates);
        let mut used: Vec<_> = members.iter().filter_map(|member| member.on).collect();
        for (at, id) in &assigned {
            prop_assert!(members[*at].waits && candidates.contains(id) && !used.contains(id));
            used.push(*id);
        }
        let is_full = candidates.iter().all(|id| used.contains(id));
        let waiting = members.iter().filter(|member| member.waits).count();
        prop_assert!(is_full || assigned.len() == waiting);
    }

    /// `#` assigns all, and levels the load.
    #[test]
    fn hash_is_even(count in 0..40_u32, instances in 1..6_u32) {
        let candidates: Vec<_> = (0..instances).map(InstanceId).collect();
        let assigned = in_turn(&new(count), &candidates);
        prop_assert_eq!(assigned.len(), count as usize);
        let load = |id: &InstanceId| assigned.iter().filter(|(_, on)| on == id).count();
        let loads: Vec<_> = candidates.iter().map(load).collect();
        prop_assert!(loads.iter().max().unwrap_or(&0) - loads.iter().min().unwrap_or(&0) <= 1);
    }
}
