//! Import cycles between the modules of a crate.

use std::collections::{BTreeMap, BTreeSet};

use crate::{assert_none, shipped_sources};

/// Modules of a crate, each with those it imports. A module is a file or directory of `src/`.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Crate and module of a source file; `None` for the root of a crate.
fn module(name: &str) -> Option<(&str, &str)> {
    let (package, rest) = match name.strip_prefix("src/") {
        Some(rest) => (".", rest),
        None => name.split_once("/src/")?,
    };
    let module = rest.split(['/', '.']).next()?;
    (!["lib", "main"].contains(&module)).then_some((package, module))
}

/// The modules that code names as `crate::module` or `crate::{module, ...}`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let mut insert = |text: &str| {
        let name: String = text.chars().take_while(|c| is_name(*c)).collect();
        found.insert(name);
    };
    for rest in code.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            insert(rest);
            continue;
        };
        // names at the outer level of the list
        let mut depth = 0;
        let mut begins = true;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && is_name(c) => {
                    insert(&list[at..]);
                    begins = false;
                }
                c if !c.is_whitespace() => begins = false,
                _ => {}
            }
        }
    }
    found
}

fn graphs() -> BTreeMap<String, Graph> {
    let mut graphs: BTreeMap<String, Graph> = BTreeMap::new();
    for source in shipped_sources() {
        let Some((package, module)) = module(&source.name) else {
            continue;
        };
        let graph = graphs.entry(package.to_owned()).or_default();
        let imported = graph.entry(module.to_owned()).or_default();
        imported.extend(imports(&source.code()));
    }
    for graph in graphs.values_mut() {
        let names: BTreeSet<String> = graph.keys().cloned().collect();
        for (module, imported) in graph.iter_mut() {
            imported.retain(|name| names.contains(name) && name != module);
        }
    }
    graphs
}

fn reachable(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(module) = open.pop() {
        for next in graph.get(&module).into_iter().flatten() {
            if found.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    found
}

/// The sets of modules that all reach each other.
fn cycles(graph: &Graph) -> BTreeSet<Vec<String>> {
    let reach: BTreeMap<_, _> = graph.keys().map(|m| (m, reachable(graph, m))).collect();
    let mut found = BTreeSet::new();
    for (module, reached) in &reach {
        let back = |other: &&String| reach[*other].contains(*module);
        let cycle: Vec<String> = reached.iter().filter(back).cloned().collect();
        if cycle.len() > 1 {
            found.insert(cycle);
        }
    }
    found
}

#[test]
fn modules_do_not_import_each_other() {
    let mut complaints = Vec::new();
    for (package, graph) in graphs() {
        let cycles = cycles(&graph);
        complaints.extend(
            cycles
                .iter()
                .map(|c| format!("{package}: {}", c.join(", "))),
        );
    }
    assert_none(&complaints);
}

#[test]
fn imports_are_found() {
    let code = "use crate::a::B;\nuse crate::{b, c::{d, E}, F};\nlet x = crate::g::h();";
    let found: Vec<String> = imports(code)
        .into_iter()
        .filter(|m| !m.is_empty())
        .collect();
    assert_eq!(found, ["a", "b", "c", "g"]);
    let graph = [("a", "b"), ("b", "c"), ("c", "b")];
    let graph: Graph = graph
        .iter()
        .map(|(from, to)| ((*from).to_owned(), BTreeSet::from([(*to).to_owned()])))
        .collect();
    assert_eq!(
        cycles(&graph),
        BTreeSet::from([vec!["b".to_owned(), "c".to_owned()]])
    );
}
