//! Checks over the network other than DNS: `tcp` and `http`.

use rustls_pki_types::ServerName;

use super::{connection, id};
use crate::config::report::Report;
use crate::config::spec::{self, Field, Text};
use crate::config::{HttpCheck, StatusCodes, TcpCheck, Tls, Url};

pub(super) fn tcp(report: &Report<'_>, field: &Field<spec::Tcp>) -> Option<TcpCheck> {
    let spec = report.filled(field)?;
    let server = report.optional(&spec.server);
    let what = "the port that has to take connections, as in `port: 853`";
    let port = report.required(id(field), "port", &spec.port, what);
    let tls = match spec.tls.node {
        Some(_) => report
            .filled(&spec.tls)
            .and_then(|_| connection::tls(report, &spec.tls))
            .map(Some),
        None => Some(None),
    };
    Some(TcpCheck {
        server: server.ok()?.map(|server| server.0),
        port: port?.get()?,
        tls: tls?,
    })
}

pub(super) fn http(report: &Report<'_>, field: &Field<spec::Http>) -> Option<HttpCheck> {
    let spec = report.filled(field)?;
    let what = "the page to ask for, as in `url: http://192.0.2.53:8080/health`";
    let url = report.required(id(field), "url", &spec.url, what);
    let server = report.optional(&spec.server);
    let tls = connection::tls(report, &spec.tls);
    let status = status(report, spec);
    let body = report.optional(&spec.body);
    let url = &url?.0;
    if let (false, Some(place)) = (url.is_secure(), spec.tls.node) {
        let message = "this means nothing for http: write https:// in `url`, or take it away";
        report.error_at_key(place, message);
    }
    let tls = tls?;
    Some(HttpCheck {
        server: server
            .ok()?
            .map(|server| server.0)
            .or_else(|| url.address()),
        tls: url.is_secure().then(|| named(tls, url)),
        url: url.clone(),
        status: status?,
        body: body.ok()?.map(|body| body.0),
    })
}

/// The server has to be whom the URL names, if nobody else is named.
fn named(tls: Tls, url: &Url) -> Tls {
    let in_url = || match url.address() {
        Some(address) => Some(ServerName::from(address)),
        None => ServerName::try_from(url.host().to_owned()).ok(),
    };
    Tls {
        name: tls.name.or_else(in_url),
        trust: tls.trust,
    }
}

fn status(report: &Report<'_>, spec: &spec::Http) -> Option<Vec<StatusCodes>> {
    if report.is_absent(&spec.status) {
        return Some(vec![StatusCodes::OK]);
    }
    let codes = report.texts::<StatusCodes>(&spec.status)?;
    if codes.is_empty() {
        report.error(
            id(&spec.status),
            "this list is empty: no answer would ever be right",
        );
    }
    Some(codes).filter(|codes| !codes.is_empty())
}

/// Whether the service's own addresses are asked for a page, as far as can be read.
pub(super) fn asks_own(report: &Report<'_>, spec: &spec::Http) -> bool {
    let url = spec.url.value.as_ref();
    let is_named = url.is_some_and(|Text(url)| url.address().is_none());
    is_named && report.is_absent(&spec.server)
}
