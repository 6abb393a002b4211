//! The programs of `examples/vrl/`, each on the lines of `examples/vrl/tests/NAME.log`.
//!
//! A line of that file is a log event; one that ends in `\` goes on in the next. `make fixtures` writes the `.out` files
//! anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use firehose_logs_transform::internals::ErrorDetail;

use crate::support::records::Record;
use crate::support::{answer, data, event, results, rows, settings};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/vrl")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// File names without their ending, of those files that have it.
fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

async fn output(name: &str) -> String {
    let log = read(&folder().join(format!("tests/{name}.log"))).replace("\\\n", "\u{0}");
    let messages: Vec<_> = log.lines().map(|line| line.replace('\u{0}', "\n")).collect();
    let messages: Vec<_> = messages.iter().map(String::as_str).collect();
    let file = folder().join(format!("{name}.vrl"));
    let response =
        answer(settings(&[("VRL_FILE", file.to_str().unwrap())]), &event(&[Record::of_messages("r", &messages)])).await;
    assert_eq!(results(&response), ["Ok"], "{name}");
    data(&rows(&response)[0])
}

#[tokio::test]
async fn every_example_gives_what_its_file_says() {
    let programs = names(&folder(), ".vrl");
    assert!(programs.len() >= 9, "{programs:?}");
    for name in programs {
        let expected = folder().join(format!("tests/{name}.out"));
        let output = output(&name).await;
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&expected, &output).unwrap();
        }
        assert_eq!(output, read(&expected), "{name}");
    }
}

#[test]
fn every_example_is_in_the_documentation() {
    let documentation = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/transforms.md"));
    for name in names(&folder(), ".vrl") {
        assert!(documentation.contains(&format!("examples/vrl/{name}.vrl")), "{name}");
    }
}

#[test]
fn program_of_the_terraform_example_compiles() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform/examples/complete/transform.vrl");
    let config = settings(&[("VRL_FILE", file.to_str().unwrap())]);
    config.transform.build(ErrorDetail::PlaceOnly).unwrap();
}
