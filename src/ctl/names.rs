//! Patterns in names: `web-*` and `grp:w?` stand for the processes they match. The original
//! has none; there a name with `*` or `?` is an error, except for `group:*`.

use glob::Pattern;
use visord_model::name::{Namespec, namespec};
use visord_xmlrpc::Client;

use super::failure::Result;
use super::process::ProcessInfo;

/// Replace each pattern by the names of the processes it matches, in the server's order.
/// One that matches nothing stays as it is, so that the server refuses it by its name.
/// The server is asked only if there is a pattern.
pub fn expand(client: &mut Client, names: &[&str]) -> Result<Vec<String>> {
    if !names.iter().any(|name| is_pattern(name)) {
        return Ok(names.iter().map(|name| (*name).to_owned()).collect());
    }
    Ok(expand_among(&ProcessInfo::all(client)?, names))
}

fn expand_among(processes: &[ProcessInfo], names: &[&str]) -> Vec<String> {
    let mut expanded = Vec::new();
    for name in names {
        let before = expanded.len();
        if is_pattern(name) && !processes.iter().any(|info| info.namespec() == *name) {
            let matching = processes.iter().filter(|info| matches_process(name, info));
            expanded.extend(matching.map(ProcessInfo::namespec));
        }
        if expanded.len() == before {
            expanded.push((*name).to_owned());
        }
    }
    expanded
}

/// Whether the names mean every process or group.
pub fn means_all(names: &[&str]) -> bool {
    names.contains(&"all")
}

/// As [`select`]; all processes if there is no name or `all` among them.
pub fn select_or_all(all: Vec<ProcessInfo>, names: &[&str]) -> (Vec<ProcessInfo>, Vec<String>) {
    if names.is_empty() || means_all(names) {
        (all, Vec::new())
    } else {
        select(&all, names)
    }
}

/// The processes that are named, by pattern or not, in the order of the names, and a line for
/// each name that names none.
pub fn select(all: &[ProcessInfo], names: &[&str]) -> (Vec<ProcessInfo>, Vec<String>) {
    let mut chosen = Vec::new();
    let mut errors = Vec::new();
    for name in expand_among(all, names) {
        let named = Namespec::parse(&name);
        let before = chosen.len();
        let found = all.iter().filter(|info| match &named {
            Namespec::Group(group) => *info.group == **group,
            Namespec::Process(name) => *info.group == *name.group && *info.name == *name.process,
        });
        chosen.extend(found.cloned());
        if chosen.len() == before {
            errors.push(match named {
                Namespec::Group(group) => format!("{group}: ERROR (no such group)"),
                Namespec::Process(_) => format!("{name}: ERROR (no such process)"),
            });
        }
    }
    (chosen, errors)
}

/// The known names that a name stands for: those it matches, or itself. An exact match wins over
/// a pattern.
pub fn choose<'a>(name: &'a str, known: &'a [String]) -> Vec<&'a str> {
    let matching = known.iter().filter(|text| matches(name, text));
    let chosen: Vec<&str> = matching.map(String::as_str).collect();
    if chosen.is_empty() || !is_pattern(name) || chosen.contains(&name) {
        return vec![name];
    }
    chosen
}

/// Whether a name is a pattern. `group:*` is not: the server knows what it means.
pub fn is_pattern(name: &str) -> bool {
    let name = name.strip_suffix(":*").unwrap_or(name);
    name.contains(['*', '?'])
}

/// A pattern with a colon is matched against both names, one without only against processes
/// that are their own group.
fn matches_process(pattern: &str, info: &ProcessInfo) -> bool {
    if pattern.contains(':') {
        matches(pattern, &format!("{}:{}", info.group, info.name))
    } else {
        info.group == info.name && matches(pattern, &namespec(&info.group, &info.name))
    }
}

/// `*` stands for any text, `?` for any character, everything else for itself.
fn matches(pattern: &str, text: &str) -> bool {
    // those two mean something else to the crate
    let mut pattern = pattern.replace('[', "[[]");
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(group: &str, name: &str) -> ProcessInfo {
        ProcessInfo {
            name: name.to_owned(),
            group: group.to_owned(),
            ..ProcessInfo::default()
        }
    }

    #[test]
    fn patterns() {
        for (pattern, text, yes) in [
            ("web-*", "web-1", true),
            ("web-*", "web-", true),
            ("web-*", "web", false),
            ("w?b", "wäb", true),
            ("w?b", "wb", false),
            ("*a*b", "xxaxxab", true),
            ("*a*b", "xxaxxac", false),
            ("*", "", true),
            ("", "", true),
            ("a", "b", false),
            ("g*:w*", "grp:w1", true),
            ("a***b", "ab", true),
            ("[a]?", "[a]b", true),
            ("[a]?", "ab", false),
            ("*/.x", "a/b/.x", true),
        ] {
            assert_eq!(matches(pattern, text), yes, "{pattern} {text}");
        }
    }

    #[test]
    fn names_that_stand_for_processes() {
        let processes = [
            info("web-1", "web-1"),
            info("web-2", "web-2"),
            info("grp", "w1"),
            info("grp", "x"),
            info("s*r", "s*r"),
            info("star", "star"),
        ];
        for (names, expanded) in [
            (&["web-*"][..], &["web-1", "web-2"][..]),
            (&["*"], &["web-1", "web-2", "s*r", "star"]),
            (&["grp:w*"], &["grp:w1"]),
            (&["g*:*"], &["grp:w1", "grp:x"]),
            (&["grp:*"], &["grp:*"]),
            (&["nope*", "grp:x"], &["nope*", "grp:x"]),
            (&["s*r"], &["s*r"]),
        ] {
            assert_eq!(expand_among(&processes, names), expanded, "{names:?}");
        }
        let known = ["web".to_owned(), "db".to_owned()];
        assert_eq!(choose("w*", &known), ["web"]);
        assert_eq!(choose("nope", &known), ["nope"]);
        let starred = ["w*b".to_owned(), "web".to_owned()];
        assert_eq!(choose("w*b", &starred), ["w*b"]);
    }

    #[test]
    fn names_choose_in_their_order_and_repeat() {
        let all = [info("cat", "cat"), info("g", "a"), info("g", "b")];
        let names = ["g:*", "zz:*", "cat:cat", "c*", "g", "g:zz", "g:", "a:a"];
        let (chosen, errors) = select(&all, &names);
        let chosen: Vec<String> = chosen.iter().map(ProcessInfo::namespec).collect();
        assert_eq!(chosen, ["g:a", "g:b", "cat", "cat", "g:a", "g:b"]);
        assert_eq!(
            errors,
            [
                "zz: ERROR (no such group)",
                "g: ERROR (no such process)",
                "g:zz: ERROR (no such process)",
                "a:a: ERROR (no such process)",
            ]
        );
    }
}
