//! Who belongs to a supervised process.

use std::collections::BTreeMap;

use super::stat::Stat;

/// All processes at one moment, and their pids by parent and by process group.
#[derive(Default)]
pub(super) struct Forest {
    all: BTreeMap<i32, Stat>,
    children: BTreeMap<i32, Vec<i32>>,
    groups: BTreeMap<i32, Vec<i32>>,
}

impl Forest {
    pub(super) fn new(all: Vec<Stat>) -> Self {
        let mut forest = Self::default();
        for stat in all {
            let children = forest.children.entry(stat.parent).or_default();
            children.push(stat.pid);
            forest.groups.entry(stat.group).or_default().push(stat.pid);
            forest.all.insert(stat.pid, stat);
        }
        forest
    }

    /// The child `root` of `parent` and all its descendants, and those of its process group
    /// who outlived their parents, with their descendants. Empty if there is no such child:
    /// its pid may be that of another process.
    pub(super) fn family(&self, root: i32, parent: i32) -> Vec<Stat> {
        let mut members = BTreeMap::new();
        let mut seen = Vec::new();
        if self.all.get(&root).is_some_and(|it| it.parent == parent) {
            // a child leads a group of its own unless it went into another
            seen.extend(self.groups.get(&root).into_iter().flatten());
            seen.push(&root);
        }
        while let Some(pid) = seen.pop() {
            if let Some(stat) = self.all.get(pid)
                && members.insert(*pid, *stat).is_none()
            {
                seen.extend(self.children.get(pid).into_iter().flatten());
            }
        }
        members.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest(rows: &[(i32, i32, i32)]) -> Forest {
        let stat = |&(pid, parent, group): &(i32, i32, i32)| Stat {
            pid,
            parent,
            group,
            ticks: 0,
            own_ticks: 0,
            born: 0,
            pages: 0,
        };
        Forest::new(rows.iter().map(stat).collect())
    }

    fn family(forest: &Forest, root: i32) -> Vec<i32> {
        let members = forest.family(root, 1);
        members.iter().map(|stat| stat.pid).collect()
    }

    #[test]
    fn descendants_and_orphans_of_the_group() {
        let forest = forest(&[
            (1, 0, 1),
            (10, 1, 10),
            (11, 10, 10),
            // a session of its own, but a descendant
            (12, 11, 12),
            // its parent ended; it stayed in the group
            (13, 1, 10),
            (14, 13, 14),
            // of another
            (20, 1, 20),
            (21, 20, 20),
            (30, 2, 30),
        ]);
        assert_eq!(family(&forest, 10), [10, 11, 12, 13, 14]);
        assert_eq!(family(&forest, 20), [20, 21]);
        assert_eq!(family(&forest, 30), [0; 0], "not a child of ours");
        assert_eq!(family(&forest, 99), [0; 0]);
    }

    #[test]
    fn a_torn_picture_does_not_go_round_in_circles() {
        // read at different moments, two pids may seem to be each other's parent
        let forest = forest(&[(10, 1, 10), (11, 12, 10), (12, 11, 10), (10, 1, 10)]);
        assert_eq!(family(&forest, 10), [10, 11, 12], "each once");
    }
}
