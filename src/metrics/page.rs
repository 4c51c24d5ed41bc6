//! Families of metrics and their series, one after the other.

use std::fmt::{self, Write};

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, EncodeLabelValue,
    LabelValueEncoder, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::Histogram;

/// A family of metrics. Its whole name is the prefix, `name`, and the unit if there is one.
pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) unit: Option<Unit>,
}

/// A family without a unit.
pub(super) const fn about(name: &'static str, help: &'static str) -> About {
    About {
        name,
        help,
        unit: None,
    }
}

/// A family in seconds.
pub(super) const fn seconds(name: &'static str, help: &'static str) -> About {
    About {
        name,
        help,
        unit: Some(Unit::Seconds),
    }
}

/// Labels: names and values.
pub(super) type Labels<'a, const N: usize> = [(&'static str, Value<'a>); N];

/// A label's value, of any text: the library writes what it is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a>(pub(super) &'a str);

impl EncodeLabelValue for Value<'_> {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(['\\', '"', '\n']) {
            let plain = part.trim_end_matches(['\\', '"', '\n']);
            encoder.write_str(plain)?;
            match part.as_bytes().last() {
                Some(b'\\') => encoder.write_str("\\\\")?,
                Some(b'"') => encoder.write_str("\\\"")?,
                Some(b'\n') => encoder.write_str("\\n")?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// What is being written.
pub(super) struct Page<'e> {
    encoder: DescriptorEncoder<'e>,
}

impl<'e> Page<'e> {
    pub(super) fn new(encoder: DescriptorEncoder<'e>) -> Self {
        Self { encoder }
    }

    /// Values that go up and down. Without a series there is no family either.
    pub(super) fn gauges<'a, V: EncodeGaugeValue, const N: usize>(
        &mut self,
        about: &About,
        series: impl IntoIterator<Item = (Labels<'a, N>, V)>,
    ) -> fmt::Result {
        self.family(about, MetricType::Gauge, series, |encoder, value| {
            encoder.encode_gauge(value)
        })
    }

    /// One value that goes up and down, if it is known.
    pub(super) fn gauge(
        &mut self,
        about: &About,
        value: Option<impl EncodeGaugeValue>,
    ) -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        let unit = about.unit.as_ref();
        let gauge = MetricType::Gauge;
        let mut encoder = self
            .encoder
            .encode_descriptor(about.name, about.help, unit, gauge)?;
        encoder.encode_gauge(&value)
    }

    /// Values that only go up.
    pub(super) fn counters<'a, V: EncodeCounterValue, const N: usize>(
        &mut self,
        about: &About,
        series: impl IntoIterator<Item = (Labels<'a, N>, V)>,
    ) -> fmt::Result {
        self.family(about, MetricType::Counter, series, |encoder, value| {
            encoder.encode_counter::<NoLabelSet, _, f64>(value, None)
        })
    }

    /// Distributions.
    pub(super) fn histograms<'a, const N: usize>(
        &mut self,
        about: &About,
        series: impl IntoIterator<Item = (Labels<'a, N>, &'a Histogram)>,
    ) -> fmt::Result {
        self.family(about, MetricType::Histogram, series, |encoder, value| {
            let buckets = value.buckets();
            encoder.encode_histogram::<NoLabelSet>(value.sum(), value.count(), &buckets, None)
        })
    }

    /// A text, as a label of a constant 1.
    pub(super) fn info(&mut self, about: &About, label: &'static str, value: &str) -> fmt::Result {
        let mut encoder =
            self.encoder
                .encode_descriptor(about.name, about.help, None, MetricType::Info)?;
        encoder.encode_info(&[(label, Value(value))])
    }

    /// States: for each of `set` one series with the label `state`, and 1 at the one that is so. One that is
    /// not in the set is the last of it.
    pub(super) fn states<'a, const N: usize>(
        &mut self,
        about: &About,
        set: &[&'static str],
        series: impl IntoIterator<Item = (Labels<'a, N>, &'a str)>,
    ) -> fmt::Result {
        let each = series.into_iter().flat_map(|(labels, state)| {
            let found = set.iter().position(|member| *member == state);
            let so = found.unwrap_or_else(|| set.len().saturating_sub(1));
            let members = set.iter().enumerate();
            members.map(move |(at, member)| {
                let labels = (labels, [("state", Value(member))]);
                (labels, i64::from(at == so))
            })
        });
        self.family(about, MetricType::Gauge, each, |encoder, value| {
            encoder.encode_gauge(value)
        })
    }

    fn family<L: EncodeLabelSet, V>(
        &mut self,
        about: &About,
        kind: MetricType,
        series: impl IntoIterator<Item = (L, V)>,
        write: impl Fn(&mut MetricEncoder<'_>, &V) -> fmt::Result,
    ) -> fmt::Result {
        let mut series = series.into_iter().peekable();
        if series.peek().is_none() {
            return Ok(());
        }
        let unit = about.unit.as_ref();
        let mut encoder = self
            .encoder
            .encode_descriptor(about.name, about.help, unit, kind)?;
        series.try_for_each(|(labels, value)| write(&mut encoder.encode_family(&labels)?, &value))
    }
}
