//! What the self-test's DNS server answers: to anything that it is asked, as its mode says.

use hickory_proto::op::{Message, Metadata, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record};
use serde::{Deserialize, Serialize};

/// The name that the checks of the stage ask for: no other server has it (RFC 6761, 6.4).
pub(crate) const NAME: &str = "selftest.anycastctl.invalid";

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// With the record that was asked for.
    Well,
    /// The same, too late.
    Slow,
    /// SERVFAIL.
    Servfail,
    /// REFUSED.
    Refused,
    /// With another record.
    WrongData,
    /// Truncated, and over TCP not at all.
    Truncated,
    /// One question in three.
    Lossy,
}

/// How a question came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Udp,
    Tcp,
}

/// The answer to the question with this number; `None`: there is none.
pub(crate) fn answer(question: &[u8], mode: Mode, over: Over, number: u64) -> Option<Vec<u8>> {
    let asked = Message::from_vec(question).ok()?;
    let query = asked.queries.first()?.clone();
    let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&asked.metadata);
    reply.metadata.authoritative = true;
    match mode {
        Mode::Truncated if over == Over::Tcp => return None,
        Mode::Lossy if !number.is_multiple_of(3) => return None,
        Mode::Well | Mode::Slow | Mode::Lossy => reply.answers = vec![record(&query, data(&query))],
        Mode::WrongData => {
            let text = TXT::new(vec!["not what was asked for".to_owned()]);
            reply.answers = vec![record(&query, RData::TXT(text))];
        }
        Mode::Servfail => reply.metadata.response_code = ResponseCode::ServFail,
        Mode::Refused => reply.metadata.response_code = ResponseCode::Refused,
        Mode::Truncated => reply.metadata.truncation = true,
    }
    reply.queries = vec![query];
    reply.to_vec().ok()
}

fn record(query: &Query, data: RData) -> Record {
    Record::from_rdata(query.name().clone(), 0, data)
}

/// The checks of the stage ask for SOA; `dig` by hand may ask for something else.
fn data(query: &Query) -> RData {
    use hickory_proto::rr::RecordType;
    if query.query_type() == RecordType::SOA {
        RData::SOA(SOA::new(Name::root(), Name::root(), 1, 60, 60, 60, 60))
    } else {
        RData::A(A::new(192, 0, 2, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{Query as Asked, Question, RecordType, Reply};

    fn reply(mode: Mode, over: Over, number: u64) -> Option<String> {
        let question = Question::new(NAME.parse().unwrap(), RecordType::SOA);
        let query = Asked::new(&question, 7, 0);
        let bytes = answer(query.as_bytes(), mode, over, number)?;
        let message = Message::from_vec(&bytes).unwrap();
        let reply = Reply::parse(&bytes, &query).unwrap();
        Some(format!(
            "{} tc={} soa={:?}",
            message.metadata.response_code,
            message.metadata.truncation,
            reply.soa_serial()
        ))
    }

    #[test]
    fn each_mode_answers_as_it_is_called() {
        let well = Some("No Error tc=false soa=Some(1)".to_owned());
        assert_eq!(reply(Mode::Well, Over::Udp, 1), well);
        assert_eq!(reply(Mode::Slow, Over::Tcp, 1), well);
        let said = |mode| reply(mode, Over::Udp, 1).unwrap();
        assert!(said(Mode::Servfail).starts_with("Server Failure"));
        assert!(said(Mode::Refused).contains("soa=None"));
        assert_eq!(said(Mode::WrongData), "No Error tc=false soa=None");
        assert_eq!(said(Mode::Truncated), "No Error tc=true soa=None");
        assert_eq!(reply(Mode::Truncated, Over::Tcp, 1), None);
        let lost = |number| reply(Mode::Lossy, Over::Udp, number).is_none();
        assert_eq!([0, 1, 2, 3].map(lost), [false, true, true, false]);
    }

    #[test]
    fn what_is_no_question_has_no_answer() {
        assert_eq!(answer(b"", Mode::Well, Over::Udp, 0), None);
        assert_eq!(answer(&[0; 12], Mode::Well, Over::Udp, 0), None);
    }
}
