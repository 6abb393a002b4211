//! Re-ingestion: what is sent to the stream, how often, and when it ends.
//!
//! Time is paused, so a pause of ten seconds passes at once and is still measured to the millisecond.

use std::time::Duration;

use firehose_logs_transform::internals::{
    ATTEMPT_TIMEOUT, Config, DEADLINE_MARGIN, Destination, Entry, ReingestOptions, Reingester, Stream,
};
use tokio::time::Instant;

use crate::support::fake_stream::{FakeStream, PutRequest, Reply};
use crate::support::records::{Record, messages, random_text, record_of_output};
use crate::support::{
    Invocation, KINESIS_ARN, Logs, count, event, invoke_with_stream, kinesis_event, results, settings,
};

const THROTTLED: Reply = Reply::Error(400, "ThrottlingException");
const DENIED: Reply = Reply::Error(400, "AccessDeniedException");

/// A record that fills a response, and `count` small records behind it that must be re-ingested.
fn records_with_overflow(count: usize) -> Vec<Record> {
    let filling = record_of_output("filling", 4_450_000);
    let small = (0..count).map(|index| Record::of_messages(&index.to_string(), &[&"m".repeat(75_000)]));
    std::iter::once(filling).chain(small).collect()
}

/// Milliseconds from each request to the next.
fn pauses(requests: &[PutRequest]) -> Vec<u128> {
    requests.windows(2).map(|pair| (pair[1].at - pair[0].at).as_millis()).collect()
}

#[tokio::test(start_paused = true)]
async fn only_failed_entries_are_retried() {
    let records = records_with_overflow(4);
    let stream = FakeStream::replying_in_turn(vec![
        Reply::AcceptWhere(|index| index % 2 == 0),
        Reply::AcceptWhere(|index| index == 1),
        Reply::Accept,
    ]);
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped", "Dropped", "Dropped"]);
    let sent: Vec<_> = stream.requests().into_iter().map(|request| request.data).collect();
    let data = |index: usize| records[index].bytes();
    assert_eq!(sent, [vec![data(1), data(2), data(3), data(4)], vec![data(2), data(4)], vec![data(2)]]);
}

#[tokio::test(start_paused = true)]
async fn more_than_500_records_are_reingested_in_several_batches() {
    for (count, batches) in [(499, vec![499]), (500, vec![500]), (501, vec![500, 1])] {
        let stream = FakeStream::accepting();
        invoke_with_stream(&stream, &records_with_overflow(count)).await;
        assert_eq!(stream.batch_sizes(), batches);
    }
}

#[tokio::test(start_paused = true)]
async fn entries_that_failed_in_several_batches_are_retried_in_one() {
    let stream = FakeStream::replying(|_, n| if n < 2 { Reply::AcceptWhere(|index| index > 0) } else { Reply::Accept });
    invoke_with_stream(&stream, &records_with_overflow(501)).await;
    assert_eq!(stream.batch_sizes(), [500, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn throttling_server_errors_and_broken_connections_are_retried() {
    for transient in [
        THROTTLED,
        Reply::Error(400, "LimitExceededException"),
        Reply::Error(400, "ServiceUnavailableException"),
        Reply::Error(400, "ProvisionedThroughputExceededException"),
        Reply::Error(400, "KMSThrottlingException"),
        Reply::Error(400, "ThrottledException"),
        Reply::Error(400, "TooManyRequestsException"),
        Reply::Error(400, "RequestTimeoutException"),
        Reply::Error(429, "TooManyRequests"),
        Reply::Error(500, "InternalFailure"),
        Reply::Error(503, "ServiceUnavailableException"),
        Reply::Disconnect,
        Reply::Hang,
    ] {
        let stream = FakeStream::replying_in_turn(vec![transient.clone(), transient.clone(), Reply::Accept]);
        let response = invoke_with_stream(&stream, &records_with_overflow(1)).await;
        assert_eq!((results(&response), stream.requests().len()), (vec!["Ok", "Dropped"], 3), "{transient:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn final_errors_are_not_retried() {
    for code in [
        "AccessDeniedException",
        "ResourceNotFoundException",
        "InvalidSourceException",
        "InvalidArgumentException",
        "InvalidKMSResourceException",
        "UnrecognizedClientException",
    ] {
        let logs = Logs::capture();
        let stream = FakeStream::replying_in_turn(vec![Reply::Error(400, code)]);
        let response = invoke_with_stream(&stream, &records_with_overflow(2)).await;
        assert_eq!((count(&response, "ProcessingFailed"), stream.requests().len()), (2, 1), "{code}");
        let errors = logs.lines("ERROR");
        assert_eq!(errors.len(), 2, "expected one line for each record that goes to the error prefix");
        assert_eq!(errors[0]["reason"], format!("{code}: because (HTTP 400)"));
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_attempts_end() {
    let stream = FakeStream::replying_in_turn(vec![THROTTLED]);
    let response = invoke_with_stream(&stream, &records_with_overflow(1)).await;
    assert_eq!(count(&response, "ProcessingFailed"), 1);
    let pauses = pauses(&stream.requests());
    assert_eq!(pauses.len(), 19);
    // The timer has a resolution of one millisecond.
    for (pause, longest) in pauses.iter().zip([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]) {
        assert!((longest..=longest + 2).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_random() {
    let stream = FakeStream::replying_in_turn(vec![THROTTLED]);
    let reingester = Reingester::new(stream.clients(), ReingestOptions { max_attempts: 20 });
    let destination =
        Destination { stream: Stream::Firehose { delivery_stream_name: "logs".into() }, region: "eu-west-1".into() };
    let entries = [Entry { data: b"data".into(), partition_key: None }];
    reingester.reingest(&destination, &entries, Instant::now() + Duration::from_hours(1)).await;
    let pauses = pauses(&stream.requests());
    assert_eq!(pauses.len(), 19);
    let longest = pauses.iter().filter(|pause| **pause >= 10_000).count();
    assert!(longest < 3, "of the 12 pauses of up to 10 s, {longest} have the full length: {pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn entry_without_a_clear_reply_is_retried() {
    let stream = FakeStream::replying_in_turn(vec![Reply::FirstEntryOnly, Reply::EmptyElements, Reply::Accept]);
    let response = invoke_with_stream(&stream, &records_with_overflow(3)).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped", "Dropped"]);
    assert_eq!(stream.batch_sizes(), [3, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn deadline_between_two_batches_ends_the_attempt() {
    let stream = FakeStream::replying_in_turn(vec![Reply::Hang, Reply::Accept]);
    let mut invocation = Invocation::new(Config::default(), &stream);
    invocation.time = DEADLINE_MARGIN + Duration::from_secs(10);
    let response = invocation.run(&event(&records_with_overflow(501))).await.unwrap();
    assert_eq!((count(&response, "ProcessingFailed"), stream.requests().len()), (501, 1));
}

#[tokio::test(start_paused = true)]
async fn reingestion_ends_within_the_five_minutes_that_firehose_waits() {
    for time in [Duration::from_mins(15), Duration::ZERO] {
        let stream = FakeStream::replying_in_turn(vec![Reply::Hang]);
        let started = Instant::now();
        let mut invocation = Invocation::new(settings(&[("REINGEST_MAX_ATTEMPTS", "100")]), &stream);
        invocation.time = time;
        invocation.run(&event(&records_with_overflow(1))).await.unwrap();
        let took = started.elapsed() + DEADLINE_MARGIN;
        assert!(took <= Duration::from_mins(5) && took > Duration::from_mins(4), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_end_a_margin_before_the_deadline() {
    let stream = FakeStream::replying_in_turn(vec![THROTTLED]);
    let started = Instant::now();
    let mut invocation = Invocation::new(Config::default(), &stream);
    invocation.time = Duration::from_secs(10);
    let response = invocation.run(&event(&records_with_overflow(1))).await.unwrap();
    assert_eq!(count(&response, "ProcessingFailed"), 1);
    // After 0.1 + 0.2 + ... + 3.2 = 6.3 s, the next pause of 6.4 s would go past the deadline.
    assert_eq!(stream.requests().len(), 7);
    assert!(started.elapsed() + DEADLINE_MARGIN < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn request_without_a_reply_ends_at_the_deadline() {
    let logs = Logs::capture();
    let stream = FakeStream::replying_in_turn(vec![Reply::Hang]);
    let started = Instant::now();
    let mut invocation = Invocation::new(Config::default(), &stream);
    invocation.time = DEADLINE_MARGIN + ATTEMPT_TIMEOUT + Duration::from_secs(1);
    let response = invocation.run(&event(&records_with_overflow(1))).await.unwrap();
    assert_eq!((count(&response, "ProcessingFailed"), stream.requests().len()), (1, 2));
    assert!(started.elapsed() <= ATTEMPT_TIMEOUT + Duration::from_secs(1));
    let reason = logs.lines("ERROR")[0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("no answer within "), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn invocation_without_time_left_sends_nothing() {
    let stream = FakeStream::accepting();
    let mut invocation = Invocation::new(Config::default(), &stream);
    invocation.time = DEADLINE_MARGIN;
    let response = invocation.run(&event(&records_with_overflow(1))).await.unwrap();
    assert_eq!((results(&response), stream.requests().len()), (vec!["Ok", "ProcessingFailed"], 0));
}

#[tokio::test(start_paused = true)]
async fn no_request_is_made_when_nothing_is_to_be_reingested() {
    let stream = FakeStream::accepting();
    invoke_with_stream(&stream, &[Record::of_messages("r", &["m"]), Record::of_bytes("broken", b"")]).await;
    assert!(stream.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn records_from_kinesis_are_reingested_to_kinesis_under_their_own_keys() {
    let records = records_with_overflow(2);
    let stream = FakeStream::replying_in_turn(vec![Reply::AcceptWhere(|index| index == 0), Reply::Accept]);
    let response = Invocation::new(Config::default(), &stream).run(&kinesis_event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped"]);
    assert_eq!(stream.accepted(), [records[1].bytes(), records[2].bytes()]);
    let requests = stream.requests();
    assert!(requests.iter().all(|request| request.operation == "PutRecords" && request.stream == KINESIS_ARN));
    assert!(requests[0].host.contains("kinesis.ap-northeast-1."), "{}", requests[0].host);
    assert_eq!(requests[0].partition_keys, [Some("key of 0".into()), Some("key of 1".into())]);
    assert_eq!(requests[1].partition_keys, [Some("key of 1".into())]);
}

#[tokio::test(start_paused = true)]
async fn record_that_kinesis_refuses_is_processing_failed() {
    let stream = FakeStream::replying_in_turn(vec![DENIED]);
    let response =
        Invocation::new(Config::default(), &stream).run(&kinesis_event(&records_with_overflow(1))).await.unwrap();
    assert_eq!((results(&response), stream.requests().len()), (vec!["Ok", "ProcessingFailed"], 1));
}

#[tokio::test(start_paused = true)]
async fn record_too_large_to_reingest_whole_is_split() {
    let incompressible = [1, 2, 3].map(|seed| random_text(&mut fastrand::Rng::with_seed(seed), 700_000));
    let large = Record::of_messages("large", &incompressible);
    let stream = FakeStream::accepting();
    let response = invoke_with_stream(&stream, &[record_of_output("filling", 4_000_000), large]).await;
    assert_eq!(results(&response), ["Ok", "Dropped"]);
    assert_eq!(stream.accepted().iter().flat_map(|piece| messages(piece)).collect::<Vec<_>>(), incompressible);
}
