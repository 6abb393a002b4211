//! What goes back to the stream, how often, and when it is given up.
//!
//! Time is paused: a pause of ten seconds passes at once, and is seen to the millisecond.

use std::time::Duration;

use firehose_logs_transform::internals::{
    ATTEMPT_TIMEOUT, Config, DEADLINE_MARGIN, Destination, Entry, ReingestOptions, Reingester, Stream,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::support::fake_stream::{Answer, FakeStream, Put};
use crate::support::records::{Record, messages, record_of_output};
use crate::support::{Invocation, KINESIS_ARN, Logs, event, kinesis_event, results, settings};

const THROTTLED: Answer = Answer::Error(400, "ThrottlingException");
const DENIED: Answer = Answer::Error(400, "AccessDeniedException");

/// A record that fills a response, and as many small ones that go back to the stream.
fn records_of_which_go_back(count: usize) -> Vec<Record> {
    let filling = record_of_output("filling", 4_450_000);
    let small = (0..count).map(|index| Record::of_messages(&index.to_string(), &[&"m".repeat(75_000)]));
    std::iter::once(filling).chain(small).collect()
}

async fn answer(stream: &FakeStream, records: &[Record]) -> Value {
    Invocation::with(Config::default(), stream).answer(&event(records)).await.unwrap()
}

fn refused(response: &Value) -> usize {
    results(response).iter().filter(|result| **result == "ProcessingFailed").count()
}

/// Milliseconds between one request and the next.
fn pauses(puts: &[Put]) -> Vec<u128> {
    puts.windows(2).map(|pair| (pair[1].at - pair[0].at).as_millis()).collect()
}

#[tokio::test(start_paused = true)]
async fn only_failed_entries_are_retried() {
    let records = records_of_which_go_back(4);
    let stream = FakeStream::in_turn(vec![
        Answer::AcceptWhere(|index| index % 2 == 0),
        Answer::AcceptWhere(|index| index == 1),
        Answer::Accept,
    ]);
    let response = answer(&stream, &records).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped", "Dropped", "Dropped"]);
    let sent: Vec<_> = stream.puts().into_iter().map(|put| put.data).collect();
    let data = |index: usize| records[index].bytes();
    assert_eq!(sent, [vec![data(1), data(2), data(3), data(4)], vec![data(2), data(4)], vec![data(2)]]);
}

#[tokio::test(start_paused = true)]
async fn more_than_500_records_go_back_in_several_batches() {
    for (count, batches) in [(499, vec![499]), (500, vec![500]), (501, vec![500, 1])] {
        let stream = FakeStream::accepting();
        answer(&stream, &records_of_which_go_back(count)).await;
        assert_eq!(stream.puts().iter().map(|put| put.data.len()).collect::<Vec<_>>(), batches);
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_in_several_batches_is_retried_in_one() {
    let stream =
        FakeStream::answering(|_, n| if n < 2 { Answer::AcceptWhere(|index| index > 0) } else { Answer::Accept });
    answer(&stream, &records_of_which_go_back(501)).await;
    assert_eq!(stream.puts().iter().map(|put| put.data.len()).collect::<Vec<_>>(), [500, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn throttling_server_errors_and_broken_connections_are_retried() {
    for passing in [
        THROTTLED,
        Answer::Error(400, "LimitExceededException"),
        Answer::Error(400, "ServiceUnavailableException"),
        Answer::Error(400, "ProvisionedThroughputExceededException"),
        Answer::Error(400, "KMSThrottlingException"),
        Answer::Error(400, "ThrottledException"),
        Answer::Error(400, "TooManyRequestsException"),
        Answer::Error(400, "RequestTimeoutException"),
        Answer::Error(429, "TooManyRequests"),
        Answer::Error(500, "InternalFailure"),
        Answer::Error(503, "ServiceUnavailableException"),
        Answer::Disconnect,
        Answer::Hang,
    ] {
        let stream = FakeStream::in_turn(vec![passing.clone(), passing.clone(), Answer::Accept]);
        let response = answer(&stream, &records_of_which_go_back(1)).await;
        assert_eq!((results(&response), stream.puts().len()), (vec!["Ok", "Dropped"], 3), "{passing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn final_answers_are_not_asked_for_again() {
    for code in [
        "AccessDeniedException",
        "ResourceNotFoundException",
        "InvalidSourceException",
        "InvalidArgumentException",
        "InvalidKMSResourceException",
        "UnrecognizedClientException",
    ] {
        let logs = Logs::capture();
        let stream = FakeStream::in_turn(vec![Answer::Error(400, code)]);
        let response = answer(&stream, &records_of_which_go_back(2)).await;
        assert_eq!((refused(&response), stream.puts().len()), (2, 1), "{code}");
        let errors = logs.lines("ERROR");
        assert_eq!(errors.len(), 2, "a line for each record that goes to the error prefix");
        assert_eq!(errors[0]["reason"], format!("{code}: because (HTTP 400)"));
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_attempts_end() {
    let stream = FakeStream::in_turn(vec![THROTTLED]);
    let response = answer(&stream, &records_of_which_go_back(1)).await;
    assert_eq!(refused(&response), 1);
    let pauses = pauses(&stream.puts());
    assert_eq!(pauses.len(), 19);
    // The timer's resolution is a millisecond.
    for (pause, longest) in pauses.iter().zip([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]) {
        assert!((longest..=longest + 2).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_drawn_at_random() {
    let stream = FakeStream::in_turn(vec![THROTTLED]);
    let reingester = Reingester::new(stream.clients(), ReingestOptions { max_attempts: 20 });
    let destination =
        Destination { stream: Stream::Firehose { delivery_stream_name: "logs".into() }, region: "eu-west-1".into() };
    let entries = [Entry { data: b"data".into(), partition_key: None }];
    reingester.reingest(&destination, &entries, Instant::now() + Duration::from_hours(1)).await;
    let pauses = pauses(&stream.puts());
    assert_eq!(pauses.len(), 19);
    let longest = pauses.iter().filter(|pause| **pause >= 10_000).count();
    assert!(longest < 3, "of 12 pauses of up to 10 s: {pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn entry_of_which_the_answer_says_nothing_is_sent_again() {
    let stream = FakeStream::in_turn(vec![Answer::Short, Answer::Silent, Answer::Accept]);
    let response = answer(&stream, &records_of_which_go_back(3)).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped", "Dropped"]);
    assert_eq!(stream.puts().iter().map(|put| put.data.len()).collect::<Vec<_>>(), [3, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn deadline_between_two_batches_ends_the_attempt() {
    let stream = FakeStream::in_turn(vec![Answer::Hang, Answer::Accept]);
    let mut invocation = Invocation::with(Config::default(), &stream);
    invocation.time = DEADLINE_MARGIN + Duration::from_secs(10);
    let response = invocation.answer(&event(&records_of_which_go_back(501))).await.unwrap();
    assert_eq!((refused(&response), stream.puts().len()), (501, 1));
}

#[tokio::test(start_paused = true)]
async fn firehose_is_not_kept_waiting_past_its_five_minutes() {
    for time in [Duration::from_mins(15), Duration::ZERO] {
        let stream = FakeStream::in_turn(vec![Answer::Hang]);
        let started = Instant::now();
        let mut invocation = Invocation::with(settings(&[("REINGEST_MAX_ATTEMPTS", "100")]), &stream);
        invocation.time = time;
        invocation.answer(&event(&records_of_which_go_back(1))).await.unwrap();
        let took = started.elapsed() + DEADLINE_MARGIN;
        assert!(took <= Duration::from_mins(5) && took > Duration::from_mins(4), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn deadline_ends_attempts_with_the_margin_to_spare() {
    let stream = FakeStream::in_turn(vec![THROTTLED]);
    let started = Instant::now();
    let mut invocation = Invocation::with(Config::default(), &stream);
    invocation.time = Duration::from_secs(10);
    let response = invocation.answer(&event(&records_of_which_go_back(1))).await.unwrap();
    assert_eq!(refused(&response), 1);
    // After 0.1 + 0.2 + ... + 3.2 = 6.3 s the next pause of 6.4 s would pass the deadline.
    assert_eq!(stream.puts().len(), 7);
    assert!(started.elapsed() + DEADLINE_MARGIN < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn request_without_an_answer_ends_with_the_deadline() {
    let logs = Logs::capture();
    let stream = FakeStream::in_turn(vec![Answer::Hang]);
    let started = Instant::now();
    let mut invocation = Invocation::with(Config::default(), &stream);
    invocation.time = DEADLINE_MARGIN + ATTEMPT_TIMEOUT + Duration::from_secs(1);
    let response = invocation.answer(&event(&records_of_which_go_back(1))).await.unwrap();
    assert_eq!((refused(&response), stream.puts().len()), (1, 2));
    assert!(started.elapsed() <= ATTEMPT_TIMEOUT + Duration::from_secs(1));
    let reason = logs.lines("ERROR")[0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("no answer within "), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn invocation_without_time_left_sends_nothing() {
    let stream = FakeStream::accepting();
    let mut invocation = Invocation::with(Config::default(), &stream);
    invocation.time = DEADLINE_MARGIN;
    let response = invocation.answer(&event(&records_of_which_go_back(1))).await.unwrap();
    assert_eq!((results(&response), stream.puts().len()), (vec!["Ok", "ProcessingFailed"], 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_to_put_back_makes_no_request() {
    let stream = FakeStream::accepting();
    answer(&stream, &[Record::of_messages("r", &["m"]), Record::of_bytes("broken", b"")]).await;
    assert!(stream.puts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn kinesis_sourced_records_go_back_to_kinesis_under_their_own_keys() {
    let records = records_of_which_go_back(2);
    let stream = FakeStream::in_turn(vec![Answer::AcceptWhere(|index| index == 0), Answer::Accept]);
    let response = Invocation::with(Config::default(), &stream).answer(&kinesis_event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped"]);
    assert_eq!(stream.accepted(), [records[1].bytes(), records[2].bytes()]);
    let puts = stream.puts();
    assert!(puts.iter().all(|put| put.operation == "PutRecords" && put.stream == KINESIS_ARN));
    assert!(puts[0].host.contains("kinesis.ap-northeast-1."), "{}", puts[0].host);
    assert_eq!(puts[0].partition_keys, [Some("key of 0".into()), Some("key of 1".into())]);
    assert_eq!(puts[1].partition_keys, [Some("key of 1".into())]);
}

#[tokio::test(start_paused = true)]
async fn kinesis_that_refuses_is_a_failure_of_the_record() {
    let stream = FakeStream::in_turn(vec![DENIED]);
    let response = Invocation::with(Config::default(), &stream)
        .answer(&kinesis_event(&records_of_which_go_back(1)))
        .await
        .unwrap();
    assert_eq!((results(&response), stream.puts().len()), (vec!["Ok", "ProcessingFailed"], 1));
}

#[tokio::test(start_paused = true)]
async fn record_too_large_to_go_back_whole_goes_back_in_pieces() {
    let noise = |seed| {
        let mut rng = fastrand::Rng::with_seed(seed);
        std::iter::repeat_with(|| rng.alphanumeric()).take(700_000).collect::<String>()
    };
    let incompressible = [noise(1), noise(2), noise(3)];
    let large = Record::of_messages("large", &incompressible.each_ref().map(String::as_str));
    let stream = FakeStream::accepting();
    let response = answer(&stream, &[record_of_output("filling", 4_000_000), large]).await;
    assert_eq!(results(&response), ["Ok", "Dropped"]);
    assert_eq!(stream.accepted().iter().flat_map(|piece| messages(piece)).collect::<Vec<_>>(), incompressible);
}
