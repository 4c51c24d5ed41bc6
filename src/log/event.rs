//! From the events of `tracing` to lines.

use std::fmt;
use std::io::Write as _;

use jiff::Timestamp;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::Format;
use super::line::{Level, Line, cut};
use super::queue::Places;

/// Turns every event into a line and queues it.
pub(super) struct Lines {
    pub(super) format: Format,
    pub(super) places: Places,
    pub(super) queue: NonBlocking,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !self.places.take() {
            return;
        }
        let bytes = self.format.encode(&line(event));
        // Cannot fail: there is a place for it.
        let _ = self.queue.clone().write_all(&bytes);
    }
}

fn line(event: &Event<'_>) -> Line {
    let mut fields = Fields(Line {
        time: Timestamp::now(),
        level: level(*event.metadata().level()),
        message: String::new(),
        fields: Vec::new(),
    });
    event.record(&mut fields);
    fields.0
}

fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG | tracing::Level::TRACE => Level::Debug,
    }
}

/// Collects the fields of an event; what `tracing` calls the field `message` is the message.
struct Fields(Line);

impl Fields {
    fn text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        let text = cut(text);
        if field.name() == "message" {
            self.0.message = text;
        } else {
            self.value(field, text);
        }
    }

    fn value(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.fields.push((field.name(), value.into()));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.value(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.value(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format_args!("{value:?}"));
    }
}
