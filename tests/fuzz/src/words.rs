//! Short texts: a question in the words of `dig` (`ask`), names, prefixes, lengths of time and the other values that
//! somebody types (`model`, `config`), and what a browser accepts (`metrics`).
//!
//! - A value that is read prints as a text that reads as the same value.
//! - A question that is understood makes a message of at most 286 octets, in which hickory-proto finds that question.
//! - What is not understood is told in one line, if that is what was typed.

use std::fmt::Display;
use std::str::FromStr;

use anycastctl::ask::Typed;
use anycastctl::config::{Argument, Pattern, StatusCodes, Url, UrlPath, Variable};
use anycastctl::dns::{self, Flag, NameTemplate, Query, Rcode};
use anycastctl::history::Since;
use anycastctl::metrics::{Format, negotiate};
use anycastctl::model::{
    Asn, BirdVersion, Community, CredentialName, Expression, GroupName, InterfaceName,
    LargeCommunity, NeighborName, Password, Period, Prefix, Processors, ProtocolName, ServiceName,
    UnitName, VariableName,
};
use anycastctl::overrides::Reason;
use hickory_proto::op::Message;

use crate::{chance, shown};

/// Tries the input as a line that somebody typed, and as each of the values.
pub fn holds(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    question(text);
    values(text);
    let accepted = negotiate(text);
    assert!(
        accepted == Format::Text
            || text.to_ascii_lowercase().contains("openmetrics")
            || text.contains('*'),
        "{text:?}"
    );
    if let Ok(password) = Password::from_file(text) {
        assert_eq!(
            Password::new(password.expose().to_owned()).map(|_| ()),
            Ok(())
        );
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}

fn question(text: &str) {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let typed = Typed {
        words: &words,
        ..Typed::default()
    };
    assert!(typed.is_question() || words.len() <= 1);
    match typed.read() {
        Ok(ask) => {
            let [asked] = ask.check.questions.as_slice() else {
                panic!("one question was asked: {:?}", ask.check.questions)
            };
            sent(&asked.question);
        }
        Err(unclear) => {
            let said = unclear.to_string();
            assert!(!said.is_empty());
            if !text.contains(char::is_control) {
                shown::line(&said);
            }
        }
    }
}

fn sent(question: &dns::Question) {
    let query = Query::new(question, 0x1234, 0x0123_4567_89ab_cdef);
    let bytes = query.as_bytes();
    assert!(bytes.len() <= 286, "{} octets", bytes.len());
    shown::ascii(&query.to_string());
    let message = Message::from_vec(bytes).expect("a message");
    let [asked] = message.queries.as_slice() else {
        panic!("one question: {message:?}")
    };
    assert_eq!(
        (asked.query_type, asked.query_class),
        (question.record_type, question.class)
    );
    assert_eq!(message.edns.is_some(), question.edns.is_some());
}

fn values(text: &str) {
    same::<Prefix>(text);
    same::<Asn>(text);
    same::<Community>(text);
    same::<LargeCommunity>(text);
    same::<Period>(text);
    same::<BirdVersion>(text);
    same::<Processors>(text);
    same::<ServiceName>(text);
    same::<NeighborName>(text);
    same::<InterfaceName>(text);
    same::<GroupName>(text);
    same::<UnitName>(text);
    same::<ProtocolName>(text);
    same::<CredentialName>(text);
    same::<VariableName>(text);
    same::<NameTemplate>(text);
    same::<Rcode>(text);
    same::<Reason>(text);
    same::<StatusCodes>(text);
    same::<UrlPath>(text);
    let _ = (
        text.parse::<Argument>(),
        text.parse::<Variable>(),
        text.parse::<Flag>(),
        text.parse::<Since>(),
    );
    let _ = (dns::record_type(text), dns::class(text));
    if let Ok(pattern) = text.parse::<Pattern>() {
        let _ = (pattern.matches(text), pattern.directory());
        assert!(pattern.plain_name().is_none_or(|name| name == text));
    }
    if let Ok(url) = text.parse::<Url>() {
        let shown = url.to_string();
        shown::line(&shown);
        assert!(!shown.contains('?'), "queries are not shown: {shown}");
        assert_eq!(shown.parse::<Url>().map(|url| url.to_string()), Ok(shown));
    }
    // To compile one takes longer than all the rest.
    if chance(text.as_bytes()).is_multiple_of(8)
        && text.len() <= 64
        && let Ok(expression) = text.parse::<Expression>()
    {
        assert_eq!(expression.as_str(), text);
        let _ = expression.matches(text);
    }
}

/// What prints reads back.
fn same<T: FromStr<Err: Display> + Display + PartialEq + std::fmt::Debug>(text: &str) {
    match text.parse::<T>() {
        Ok(value) => {
            let shown = value.to_string();
            shown::line(&shown);
            assert_eq!(shown.parse::<T>().ok(), Some(value), "{shown:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
