//! Where a neighbour's password is: one of three places.

use super::super::Reported;
use super::super::node::is_absolute;
use crate::config::report::Report;
use crate::config::spec;
use crate::config::{PasswordSource, Severity};

pub(super) fn source(
    report: &Report<'_>,
    spec: &spec::Neighbor,
) -> Result<Option<PasswordSource>, Reported> {
    let file = report.optional(&spec.password_file)?;
    let credential = report.optional(&spec.password_credential)?;
    let environment = report.optional(&spec.password_env)?;
    only_one(report, spec);
    if !is_absolute(report, &spec.password_file) {
        return Err(Reported);
    }
    let file = file.map(|path| PasswordSource::File(path.0));
    let credential = credential.map(|name| PasswordSource::Credential(name.0));
    let environment = environment.map(|name| PasswordSource::Environment(name.0));
    Ok(file.or(credential).or(environment))
}

fn only_one(report: &Report<'_>, spec: &spec::Neighbor) {
    let places = [
        spec.password_file.placed().map(|(place, _)| place),
        spec.password_credential.placed().map(|(place, _)| place),
        spec.password_env.placed().map(|(place, _)| place),
    ];
    let mut places = places.into_iter().flatten();
    if let Some(first) = places.next() {
        for place in places {
            let message = "a neighbour has one password, and this is a second place for it: take one of them away";
            report.pair(Severity::Error, place, message, (first, "the other one"));
        }
    }
}
