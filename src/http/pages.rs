//! What is served.

use std::borrow::Cow;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use crate::harmless;
use crate::metrics::{self, Format, Measurements};
use crate::status::{Actual, Snapshot, write_table};

const PLAIN: &str = "text/plain; charset=utf-8";

const JSON: &str = "application/json";

/// With every answer. What is here is no page of the web: a browser is to keep nothing, guess no type, run nothing, show
/// it in no frame, and give it to no page of somebody else.
const HEADERS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Above the table at `/`.
const HEADING: &str = "\
anycastctl

/metrics  OpenMetrics, or Prometheus' text format
/healthz  200 if the controller answers
/readyz   200 if BIRD answers and every service has a state
/status   the status document, format version 1

";

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Overview,
    Metrics,
    Health,
    Readiness,
    Status,
}

impl Page {
    /// What is at this path.
    pub(super) fn at(path: &str) -> Option<Self> {
        match path {
            "/" => Some(Self::Overview),
            "/metrics" => Some(Self::Metrics),
            "/healthz" => Some(Self::Health),
            "/readyz" => Some(Self::Readiness),
            "/status" => Some(Self::Status),
            _ => None,
        }
    }
}

/// An answer that is ready to be sent.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    media_type: &'static str,
    text: Cow<'static, str>,
}

impl Answer {
    pub(super) const NOT_FOUND: Self = Self::plain(
        StatusCode::NOT_FOUND,
        Cow::Borrowed("there is nothing here; / lists what there is\n"),
    );

    pub(super) const NOT_ALLOWED: Self = Self::plain(
        StatusCode::METHOD_NOT_ALLOWED,
        Cow::Borrowed("only GET and HEAD: nothing can be changed here\n"),
    );

    pub(super) const OTHER_HOST: Self = Self::plain(
        StatusCode::MISDIRECTED_REQUEST,
        Cow::Borrowed(
            "`daemon.listen` is an address of this host alone, and you asked for another name: ask for 127.0.0.1, [::1] or localhost\n",
        ),
    );
    pub(super) const NO_CONTROLLER: Self = Self::plain(
        StatusCode::SERVICE_UNAVAILABLE,
        Cow::Borrowed("the controller does not answer: it is stopping, or stuck\n"),
    );

    const fn plain(status: StatusCode, text: Cow<'static, str>) -> Self {
        Self {
            status,
            media_type: PLAIN,
            text,
        }
    }

    /// The answer of a controller that answers.
    pub(super) fn new(
        page: Page,
        format: Format,
        snapshot: Snapshot,
        measurements: Measurements,
    ) -> Self {
        match page {
            Page::Overview => Self::ok(PLAIN, overview(&snapshot)),
            Page::Metrics => Self::ok(
                format.media_type(),
                format.of(metrics::encode(snapshot, measurements)),
            ),
            Page::Health => Self::plain(StatusCode::OK, Cow::Borrowed("ok\n")),
            Page::Readiness => match unready(&snapshot) {
                None => Self::plain(StatusCode::OK, Cow::Borrowed("ready\n")),
                Some(reason) => {
                    let reason = harmless::lines(&reason).into_owned();
                    Self::plain(StatusCode::SERVICE_UNAVAILABLE, reason.into())
                }
            },
            Page::Status => match serde_json::to_string(&snapshot) {
                Ok(text) => Self::ok(JSON, harmless::json(&text).into_owned() + "\n"),
                Err(error) => Self::plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("the status cannot be written: {error}\n").into(),
                ),
            },
        }
    }

    fn ok(media_type: &'static str, text: String) -> Self {
        Self {
            status: StatusCode::OK,
            media_type,
            text: text.into(),
        }
    }

    pub(super) fn response(self) -> Response<Full<Bytes>> {
        let body = match self.text {
            Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
            Cow::Owned(text) => Bytes::from(text),
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

fn overview(snapshot: &Snapshot) -> String {
    let mut table = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = write_table(snapshot, None, &mut table);
    let table = String::from_utf8_lossy(&table);
    format!("{HEADING}{}", anstream::adapter::strip_str(&table))
}

/// Why this node is not ready: BIRD does not answer, or a service has no decision and BIRD's own state of it is not
/// known either.
fn unready(snapshot: &Snapshot) -> Option<String> {
    if !snapshot.bird.connected {
        let error = snapshot.bird.error.as_deref();
        let error = error.unwrap_or("it was not asked yet");
        return Some(format!("BIRD does not answer: {error}\n"));
    }
    let reasons = snapshot.services.iter().flat_map(|service| {
        let open = service
            .families
            .iter()
            .filter(|family| family.desired.is_none() && family.actual == Actual::Unknown);
        open.map(|family| {
            let (name, family, reason) = (&service.name, family.family, &family.reason);
            format!("nothing is decided about {name} ({family}): {reason}\n")
        })
    });
    let reasons: String = reasons.collect();
    (!reasons.is_empty()).then_some(reasons)
}
