//! `show route [P] export 'X'`: the cheap truth whether a prefix is announced to a neighbour.

use crate::bird::reply::Reply;
use crate::model::Prefix;

/// The code of rows of routes.
const ROUTE: u16 = 1007;

/// Names of the protocols whose routes are exported; empty where none is.
#[must_use]
pub fn exporting_protocols(reply: &Reply) -> Vec<String> {
    reply
        .lines()
        .filter(|line| line.code == ROUTE)
        .filter_map(|line| line.text.split_once('[')?.1.split([' ', ']']).next())
        .map(str::to_owned)
        .collect()
}

/// The prefixes of a reply to `show route` or `show route export 'X'`. A further route of a prefix stands behind blanks;
/// nets of other kinds than IPv4 and IPv6 are passed over.
#[must_use]
pub fn exported_prefixes(reply: &Reply) -> Vec<Prefix> {
    let rows = reply.lines().filter(|line| line.code == ROUTE);
    rows.filter_map(|line| line.text.split(' ').next()?.parse().ok())
        .collect()
}
