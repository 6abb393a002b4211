//! The programs of `examples/vrl/`, each run on the lines of `examples/vrl/tests/NAME.log`.
//!
//! Each line of that file is a log event. A line that ends in `\` continues on the next. `make fixtures` regenerates the
//! `.out` files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use firehose_logs_transform::internals::ErrorDetail;

use crate::support::files::{is_updating_fixtures, project_path, read, read_generated};
use crate::support::records::Record;
use crate::support::{data, event, invoke, results, rows, settings};

fn folder() -> PathBuf {
    project_path("examples/vrl")
}

/// The names of the files with this ending, without the ending.
fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

async fn output(name: &str) -> String {
    let log = read(&folder().join(format!("tests/{name}.log"))).replace("\\\n", "\u{0}");
    let messages: Vec<_> = log.lines().map(|line| line.replace('\u{0}', "\n")).collect();
    let file = folder().join(format!("{name}.vrl"));
    let response =
        invoke(settings(&[("VRL_FILE", file.to_str().unwrap())]), &event(&[Record::of_messages("r", &messages)])).await;
    assert_eq!(results(&response), ["Ok"], "{name}");
    data(&rows(&response)[0])
}

#[tokio::test]
async fn every_example_gives_the_output_in_its_file() {
    let programs = names(&folder(), ".vrl");
    assert!(programs.len() >= 9, "{programs:?}");
    for name in programs {
        let expected = folder().join(format!("tests/{name}.out"));
        let output = output(&name).await;
        if is_updating_fixtures() {
            fs::write(&expected, &output).unwrap();
        }
        assert_eq!(output, read_generated(&expected), "{name}");
    }
}

#[test]
fn every_example_is_in_the_documentation() {
    let documentation = read(&project_path("docs/transforms.md"));
    for name in names(&folder(), ".vrl") {
        assert!(documentation.contains(&format!("examples/vrl/{name}.vrl")), "{name}");
    }
}

#[test]
fn program_of_the_terraform_example_compiles() {
    let file = project_path("terraform/examples/complete/transform.vrl");
    let config = settings(&[("VRL_FILE", file.to_str().unwrap())]);
    config.transform.build(ErrorDetail::PlaceOnly).unwrap();
}
