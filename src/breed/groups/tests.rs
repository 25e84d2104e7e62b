//! Copies in files of their own, and what cannot be copied.

use super::*;

fn template(path: &str, sections: &[(&str, &str)]) -> Template {
    let mut template = Template::new(path.into());
    for (name, programs) in sections {
        let mut properties = Properties::new();
        properties.insert("programs", *programs);
        template.put(name, properties);
    }
    template
}

fn paths(templates: &Templates) -> Vec<&str> {
    let files = templates.files().iter();
    files.filter_map(|file| file.path.to_str()).collect()
}

#[test]
fn a_copy_can_be_copied() {
    let mut templates = Templates::new(vec![template("x/a.ini", &[("group:a", "p")])]);
    templates.breed("a", 2, true).expect("copies");
    let said = templates.breed("a_01", 1, true).expect("copies of a copy");
    assert_eq!(
        said,
        ["New File: x/group_a_01_01.ini", "New [group:a_01_01]"]
    );
    let expected = [
        "x/a.ini",
        "x/group_a_01.ini",
        "x/group_a_02.ini",
        "x/group_a_01_01.ini",
    ];
    assert_eq!(paths(&templates), expected);
    let left: Vec<_> = templates
        .files()
        .iter()
        .map(|file| file.sections().count())
        .collect();
    assert_eq!(left, [0, 0, 1, 1]);
}

#[test]
fn a_template_is_not_replaced_by_a_copy() {
    let files = vec![
        template("a.ini", &[("group:a", "p")]),
        template("group_a_02.ini", &[("program:x", "p")]),
    ];
    let refused = Templates::new(files).breed("a", 2, true);
    let expected = "group_a_02.ini is a template; -x would replace it";
    assert_eq!(refused, Err(expected.to_owned()));
}

#[test]
fn a_copy_stays_in_the_folder_of_its_template() {
    let files = vec![template("a.ini", &[("group:../../x", "p")])];
    let mut templates = Templates::new(files);
    let refused = templates.breed("../../x", 1, true);
    let expected = "a.ini: [group:../../x_01] cannot be the name of a file";
    assert_eq!(refused, Err(expected.to_owned()));
    assert!(templates.breed("../../x", 1, false).is_ok());
}

#[test]
fn of_a_group_in_two_files_the_last_is_replaced() {
    let files = vec![
        template("a.ini", &[("group:a", "p")]),
        template("b.ini", &[("group:a", "q")]),
    ];
    let mut templates = Templates::new(files);
    assert_eq!(templates.warnings("b"), [""; 0]);
    assert_eq!(
        templates.warnings("a"),
        ["[group:a] in a.ini is left as it is; it is also in b.ini, and only that one is replaced"]
    );
    templates.breed("a", 1, false).expect("a copy");
    let [first, second] = templates.files() else {
        panic!("two files");
    };
    assert_eq!(first.sections().collect::<Vec<_>>(), ["group:a"]);
    assert_eq!(second.get("group:a_01", "programs"), Some("q"));
}
