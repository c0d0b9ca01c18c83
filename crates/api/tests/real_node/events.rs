//! Live events: new ones, past ones, resumed and filtered ones, and how many streams there may be.

use crate::world::{PATIENCE, WORLD, problem};
use blockworm_api::{
    Limits,
    client::{EventFilter, EventStream, StreamItem},
    model::StreamEvent,
};
use std::time::Duration;

/// The next item, or a failed test after a while.
async fn next(stream: &mut EventStream) -> StreamItem {
    let item = tokio::time::timeout(PATIENCE, stream.next()).await;
    item.expect("an event in time")
        .expect("the stream goes on")
        .unwrap()
}

/// Reads until the end of block `height` and gives the events on the way.
async fn until(stream: &mut EventStream, height: u64) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    loop {
        match next(stream).await {
            StreamItem::Event(event) => events.push(event),
            StreamItem::Block(block) if block.height >= height => return events,
            StreamItem::Block(_) => {}
        }
    }
}

async fn stream(filter: EventFilter, after: Option<u64>) -> EventStream {
    WORLD
        .client()
        .events(&WORLD.id(), &filter, after)
        .await
        .unwrap()
}

#[test]
fn an_event_arrives_once_its_block_is_durable() {
    WORLD.run(async {
        let mut live = stream(EventFilter::default(), None).await;
        let (id, height) = WORLD.committed().await;
        let events = until(&mut live, height).await;
        let own: Vec<_> = events
            .iter()
            .filter(|event| event.transaction == id)
            .collect();
        assert_eq!(own.len(), 1);
        assert_eq!((own[0].height, own[0].position), (height, 0));
        assert_eq!(
            (own[0].event.contract.as_str(), own[0].event.kind.as_str()),
            ("money", "issued")
        );
        assert!(live.last_height().unwrap() >= height);
    });
}

#[test]
fn a_reader_that_comes_back_misses_nothing() {
    WORLD.run(async {
        let mut whole = stream(EventFilter::default(), Some(0)).await;
        let (_, first) = WORLD.committed().await;
        let mut broken = stream(EventFilter::default(), Some(0)).await;
        let mut heard = until(&mut broken, first).await;
        let place = broken.last_height();
        drop(broken);
        let mut last = first;
        for _ in 0..3 {
            last = WORLD.committed().await.1;
        }
        let mut resumed = stream(EventFilter::default(), place).await;
        heard.extend(until(&mut resumed, last).await);
        let expected = until(&mut whole, last).await;
        assert!(expected.len() >= 4);
        let common = expected.len().min(heard.len());
        assert_eq!(
            heard[..common],
            expected[..common],
            "the same events in the same order"
        );
        assert!(
            heard.iter().filter(|event| event.height <= last).count()
                == expected.iter().filter(|event| event.height <= last).count()
        );
    });
}

#[test]
fn heights_follow_each_other_without_gaps() {
    WORLD.run(async {
        let mut stream = stream(EventFilter::default(), Some(0)).await;
        let (_, height) = WORLD.committed().await;
        let mut expected = 1;
        while expected <= height {
            if let StreamItem::Block(block) = next(&mut stream).await {
                assert_eq!(block.height, expected);
                expected += 1;
            }
        }
    });
}

#[test]
fn a_filter_keeps_other_events_out() {
    WORLD.run(async {
        let filter = |contract: Option<&str>, kind: Option<&str>| EventFilter {
            contract: contract.map(str::to_owned),
            kind: kind.map(str::to_owned),
        };
        let (_, height) = WORLD.committed().await;
        for (filter, some) in [
            (filter(Some("money"), Some("issued")), true),
            (filter(None, Some("issued")), true),
            (filter(Some("money"), None), true),
            (filter(Some("members"), None), false),
            (filter(Some("money"), Some("burnt")), false),
        ] {
            let mut stream = stream(filter.clone(), Some(0)).await;
            let events = until(&mut stream, height).await;
            assert_eq!(!events.is_empty(), some, "{filter:?}");
        }
    });
}

#[test]
fn the_stream_is_plain_server_sent_events() {
    WORLD.run(async {
        let (_, height) = WORLD.committed().await;
        let request = WORLD
            .http()
            .get(WORLD.at(&format!("/events?from={height}")));
        let mut response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut text = String::new();
        while !text.contains(&format!("id: {height}\n")) {
            let chunk = tokio::time::timeout(PATIENCE, response.chunk())
                .await
                .unwrap();
            text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        }
        assert!(text.starts_with("event: event\ndata: {"), "{text}");
    });
}

#[test]
fn an_idle_stream_shows_that_it_is_alive_and_streams_are_counted() {
    WORLD.run(async {
        let limits = Limits {
            event_streams: 1,
            keep_alive: Duration::from_millis(50),
            ..Limits::default()
        };
        let (address, _stop, _server) = WORLD.serve(limits).await;
        let url = format!(
            "http://{address}/v1/ledgers/{}/events?from=1000000000",
            WORLD.id()
        );
        let mut first = WORLD.http().get(&url).send().await.unwrap();
        let chunk = tokio::time::timeout(PATIENCE, first.chunk())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert!(chunk.starts_with(b":"), "{chunk:?}");
        let second = WORLD.http().get(&url).send().await.unwrap();
        assert_eq!(problem(second).await, (503, "events.too_many".into()));
        drop(first);
        for _ in 0..100 {
            if WORLD.http().get(&url).send().await.unwrap().status() == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("a closed stream keeps its place");
    });
}
