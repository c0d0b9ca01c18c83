//! Reading the stream of events (WHATWG HTML, server-sent events).

use super::ClientError;
use crate::model::{StreamBlock, StreamEvent};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use reqwest::Response;
use serde::Serialize;
use std::{pin::Pin, time::Duration};

/// Longest line that is read: an event is far smaller than a transaction's limit.
const LINE: usize = 4 << 20;
/// The server shows life every 15 s; after three times that it is gone.
const SILENCE: Duration = Duration::from_secs(45);

/// Which events to receive; everything when empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventFilter {
    /// Only events of this contract.
    pub contract: Option<String>,
    /// Only events of this type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// A thing in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamItem {
    /// A contract spoke.
    Event(StreamEvent),
    /// A block's events are complete.
    Block(StreamBlock),
}

/// Events as they become final.
pub struct EventStream {
    address: String,
    frames: Pin<Box<dyn Stream<Item = Result<Bytes, reqwest::Error>> + Send>>,
    lines: Lines,
    message: Message,
    last: Option<u64>,
}

impl EventStream {
    pub(super) fn new(address: String, response: Response, after: Option<u64>) -> Self {
        Self {
            address,
            frames: Box::pin(response.bytes_stream()),
            lines: Lines::default(),
            message: Message::default(),
            last: after,
        }
    }

    /// The last height received whole; give it as `after` to go on after a broken connection.
    #[must_use]
    pub const fn last_height(&self) -> Option<u64> {
        self.last
    }

    /// The next item; none when the node ended the stream.
    pub async fn next(&mut self) -> Option<Result<StreamItem, ClientError>> {
        loop {
            while let Some(line) = self.lines.next() {
                match self.message.take(&line) {
                    Ok(Some(item)) => {
                        if let StreamItem::Block(block) = &item {
                            self.last = Some(block.height);
                        }
                        return Some(Ok(item));
                    }
                    Ok(None) => {}
                    Err(reason) => return Some(Err(self.unexpected(reason))),
                }
            }
            let frame = match tokio::time::timeout(SILENCE, self.frames.next()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(source))) => {
                    let address = self.address.clone();
                    return Some(Err(ClientError::Unreachable { address, source }));
                }
                Ok(None) => return None,
                Err(_) => {
                    let address = self.address.clone();
                    return Some(Err(ClientError::Timeout {
                        address,
                        limit_s: SILENCE.as_secs(),
                    }));
                }
            };
            if let Err(reason) = self.lines.push(&frame) {
                return Some(Err(self.unexpected(reason)));
            }
        }
    }

    fn unexpected(&self, reason: String) -> ClientError {
        ClientError::Unexpected {
            address: self.address.clone(),
            reason,
        }
    }
}

/// Cuts frames into lines, which end in LF or CRLF here.
#[derive(Default)]
struct Lines {
    buffer: Vec<u8>,
    read: usize,
}

impl Lines {
    fn push(&mut self, frame: &[u8]) -> Result<(), String> {
        self.buffer.drain(..self.read);
        self.read = 0;
        if self.buffer.len() + frame.len() > LINE {
            return Err(format!(
                "a line of the event stream is longer than {LINE} bytes"
            ));
        }
        self.buffer.extend_from_slice(frame);
        Ok(())
    }

    fn next(&mut self) -> Option<String> {
        let rest = &self.buffer[self.read..];
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        let line = String::from_utf8_lossy(line).into_owned();
        self.read += end + 1;
        Some(line)
    }
}

/// The fields of the message that is being read.
#[derive(Default)]
struct Message {
    name: String,
    data: String,
}

impl Message {
    /// Takes a line; an empty one completes the message.
    fn take(&mut self, line: &str) -> Result<Option<StreamItem>, String> {
        if line.is_empty() {
            let Self { name, data } = std::mem::take(self);
            if data.is_empty() {
                return Ok(None);
            }
            let item = match name.as_str() {
                "event" => serde_json::from_str(&data).map(StreamItem::Event).map(Some),
                "block" => serde_json::from_str(&data).map(StreamItem::Block).map(Some),
                // A later version may send more kinds.
                _ => Ok(None),
            };
            return item.map_err(|error| format!("event stream: {error}"));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.data.len() + value.len() > LINE {
                    return Err(format!(
                        "a message of the event stream is longer than {LINE} bytes"
                    ));
                }
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn messages_come_out_the_same_however_the_bytes_are_cut() {
        let text = ": keep-alive\n\nevent: block\r\ndata: {\"height\":7,\"time_ms\":1,\r\ndata: \"transactions\":2}\nid: 7\n\nevent: later\ndata: x\n\n";
        let whole = StreamItem::Block(StreamBlock {
            height: 7,
            time_ms: 1,
            transactions: 2,
        });
        for size in 1..text.len() {
            let (mut lines, mut message, mut items) =
                (Lines::default(), Message::default(), Vec::new());
            for frame in text.as_bytes().chunks(size) {
                lines.push(frame).unwrap();
                while let Some(line) = lines.next() {
                    items.extend(message.take(&line).unwrap());
                }
            }
            assert_eq!(items, std::slice::from_ref(&whole), "frames of {size}");
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'x'; LINE]).is_ok());
        assert!(lines.push(b"x").is_err());
    }

    #[test]
    fn a_message_that_never_ends_is_refused() {
        let mut message = Message::default();
        let line = format!("data: {}", "x".repeat(LINE / 2));
        assert_eq!(message.take(&line), Ok(None));
        assert!((0..3).any(|_| message.take(&line).is_err()));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            frames in proptest::collection::vec(
                proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), 0..20),
        ) {
            let (mut lines, mut message) = (Lines::default(), Message::default());
            for frame in frames {
                lines.push(&frame).unwrap();
                while let Some(line) = lines.next() {
                    let _ = message.take(&line);
                }
            }
        }
    }
}
