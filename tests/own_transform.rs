//! The example of a custom transform.

#[allow(dead_code)]
#[path = "../examples/own_transform.rs"]
mod example;

use firehose_logs_transform::internals::Config;

use crate::support::fake_stream::FakeStream;
use crate::support::records::Record;
use crate::support::{Invocation, data, event, results, rows};

#[tokio::test]
async fn own_transform_does_what_the_example_says() {
    let stream = FakeStream::accepting();
    let mut invocation = Invocation::new(Config::default(), &stream);
    invocation.transform = Some(Box::new(example::Tsv));
    let records = [Record::of_messages("1", &["a\tb\nc", "DEBUG x", "ログ"]), Record::of_messages("2", &["DEBUG y"])];
    let response = invocation.run(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Dropped"]);
    assert_eq!(data(&rows(&response)[0]), "1700000000000\tstream\ta b c\n1700000000002\tstream\tログ\n");
}

#[test]
fn own_transform_takes_under_forty_lines() {
    assert!(include_str!("../examples/own_transform.rs").lines().count() < 40);
}
