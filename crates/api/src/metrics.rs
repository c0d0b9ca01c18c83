//! Counters of requests, and everything a node counts, as Prometheus text.

use blockworm_node::{Metric, MetricKind};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Method, route template, status. Templates and statuses are few, so this stays small.
type Series = (String, String, u16);

/// Requests answered so far.
#[derive(Default)]
pub(crate) struct RequestMetrics {
    answered: Mutex<BTreeMap<Series, Answered>>,
    running: AtomicU64,
}

#[derive(Clone, Copy, Default)]
struct Answered {
    count: u64,
    seconds: f64,
}

impl RequestMetrics {
    /// Counts a request as running until the guard is dropped.
    pub(crate) fn running(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let series = (method.to_owned(), route.to_owned(), status);
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = answered.entry(series).or_default();
        entry.count += 1;
        entry.seconds += took.as_secs_f64();
    }

    /// The counters as Prometheus text.
    fn write(&self, text: &mut String) {
        let answered = self
            .answered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        head(
            text,
            "blockworm_http_requests_total",
            "Requests answered.",
            "counter",
        );
        for ((method, route, status), Answered { count, .. }) in &answered {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            let _ = writeln!(text, "blockworm_http_requests_total{{{labels}}} {count}");
        }
        let name = "blockworm_http_request_seconds_total";
        head(
            text,
            name,
            "Time spent answering, waiting for receipts included.",
            "counter",
        );
        for ((method, route, status), Answered { seconds, .. }) in &answered {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            let _ = writeln!(text, "{name}{{{labels}}} {seconds}");
        }
        head(
            text,
            "blockworm_http_requests_running",
            "Requests being answered.",
            "gauge",
        );
        let running = self.running.load(Ordering::Relaxed);
        let _ = writeln!(text, "blockworm_http_requests_running {running}");
    }
}

/// A request that is being answered.
pub(crate) struct Running<'a>(&'a RequestMetrics);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Everything in the text format of Prometheus, version 0.0.4.
pub(crate) fn prometheus(requests: &RequestMetrics, node: &[Metric]) -> String {
    let mut text = String::with_capacity(8192);
    requests.write(&mut text);
    let mut by_name: BTreeMap<&str, Vec<&Metric>> = BTreeMap::new();
    for metric in node {
        by_name.entry(metric.name).or_default().push(metric);
    }
    for (name, series) in by_name {
        let kind = match series[0].kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
        };
        head(&mut text, name, series[0].help, kind);
        for metric in series {
            text.push_str(name);
            write_labels(&mut text, &metric.labels);
            let _ = writeln!(text, " {}", metric.value);
        }
    }
    text
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn write_labels(text: &mut String, labels: &[(&'static str, String)]) {
    if labels.is_empty() {
        return;
    }
    for (place, (key, value)) in labels.iter().enumerate() {
        text.push(if place == 0 { '{' } else { ',' });
        let value = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        let _ = write!(text, "{key}=\"{value}\"");
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_one_name_share_a_head_and_labels_are_escaped() {
        let metric = |label: &str| Metric {
            name: "blockworm_height_blocks",
            help: "Last durable height.",
            kind: MetricKind::Gauge,
            labels: vec![("ledger", label.into())],
            value: 7.0,
        };
        let requests = RequestMetrics::default();
        requests.answered("GET", "/v1/node", 200, Duration::from_millis(2));
        let text = prometheus(&requests, &[metric("a\"b"), metric("c")]);
        assert_eq!(
            text.matches("# TYPE blockworm_height_blocks gauge").count(),
            1
        );
        assert!(text.contains("blockworm_height_blocks{ledger=\"a\\\"b\"} 7\n"));
        assert!(text.contains("{method=\"GET\",route=\"/v1/node\",status=\"200\"} 1\n"));
    }
}
