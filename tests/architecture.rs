//! Imports between the modules of `src/` point down the list in `lib.rs`, never up and never in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::files::{project_path, read};

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] }).collect()
}

/// The modules that `lib.rs` declares, in its order.
fn modules() -> Vec<String> {
    let lib = read(&project_path("src/lib.rs"));
    let names = lib.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    names.filter(|name| *name != "testing").map(str::to_owned).collect()
}

/// The modules that `text` names after `crate::`, outside comments and unit tests.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|path| path.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect())
        .collect()
}

/// Each module and the modules that its files import.
fn imports_by_module() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let source = project_path("src");
    for file in rust_files(&source) {
        let path = file.strip_prefix(&source).unwrap().with_extension("");
        let module = path.iter().next().unwrap().to_str().unwrap().to_owned();
        if modules().contains(&module) {
            let mut imports = imports(&read(&file));
            imports.remove(&module);
            found.entry(module).or_default().extend(imports);
        }
    }
    found
}

/// Imports that do not point down the list of modules. A circle has at least one of them.
fn upward_imports(order: &[String], imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let level = |module: &String| order.iter().position(|listed| listed == module);
    let pairs = imports.iter().flat_map(|(from, targets)| targets.iter().map(move |to| (from, to)));
    pairs.filter(|(from, to)| level(to) <= level(from)).map(|(from, to)| format!("{from} imports {to}")).collect()
}

#[test]
fn imports_point_down() {
    let (order, imports) = (modules(), imports_by_module());
    assert!(order.len() >= 8 && imports.len() == order.len(), "{order:?} {imports:?}");
    assert_eq!(upward_imports(&order, &imports), [""; 0]);
}

#[test]
fn upward_and_circular_imports_are_found() {
    let order = ["top", "middle", "bottom"].map(str::to_owned);
    let imports = |text: &str| imports(text);
    let found = BTreeMap::from([
        ("top".to_owned(), imports("use crate::middle::Thing;\nfn f() -> crate::bottom::Thing {}")),
        ("middle".to_owned(), imports("    use crate::bottom;\n// use crate::top;\n")),
        ("bottom".to_owned(), imports("use crate::middle::{A, B};\n#[cfg(test)]\nmod tests { use crate::top; }")),
    ]);
    assert_eq!(upward_imports(&order, &found), ["bottom imports middle"]);
}
