//! Replies built by hand and by hickory-proto, and any bytes at all.

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::rdata::{A, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record as WireRecord};
use proptest::prelude::*;

use super::*;
use crate::dns::{DNSClass, EdnsRequest, Question, RecordType, record};

const ID: u16 = 0x4711;

fn question(name: &str, record_type: RecordType) -> Question {
    Question::new(name.parse().unwrap(), record_type)
}

fn query() -> Query {
    Query::new(&question("example.com", RecordType::SOA), ID, 0)
}

fn reply_to(query: &Query) -> Message {
    let mut reply = Message::from_vec(query.as_bytes()).unwrap();
    reply.metadata.message_type = MessageType::Response;
    reply
}

fn parse(message: &Message) -> Result<Reply, Rejected> {
    Reply::parse(&message.to_vec().unwrap(), &query())
}

fn record(data: RData) -> WireRecord {
    WireRecord::from_rdata(Name::from_ascii("example.com.").unwrap(), 3600, data)
}

fn soa() -> RData {
    let name = |text| Name::from_ascii(text).unwrap();
    let (mname, rname) = (name("ns.example.com."), name("root.example.com."));
    RData::SOA(SOA::new(mname, rname, 2_026_112_201, 1, 2, 3, 4))
}

/// A reply whose one answer has this type and data.
fn raw(record_type: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = reply_to(&query()).to_vec().unwrap();
    bytes[7] = 1;
    bytes.extend([0xc0, 12]);
    bytes.extend(record_type.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 9]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

fn shown(record_type: u16, data: &[u8]) -> String {
    let reply = Reply::parse(&raw(record_type, data), &query()).unwrap();
    reply.answers()[0].clone()
}

#[test]
fn a_query_asks_what_the_question_says() {
    let mut question = question("{random}.Example.com", RecordType::TXT);
    question.class = DNSClass::CH;
    question.recursion_desired = false;
    let query = Query::new(&question, ID, 0x0123_4567_89ab_cdef);
    let message = Message::from_vec(query.as_bytes()).unwrap();
    assert_eq!(query.to_string(), "0123456789abcdef.Example.com. CH TXT");
    assert_eq!((message.id, message.recursion_desired), (ID, false));
    assert_eq!(message.message_type, MessageType::Query);
    assert_eq!(message.queries.len(), 1);
    let asked = &message.queries[0];
    assert_eq!(
        (asked.query_type, asked.query_class, query.id()),
        (RecordType::TXT, DNSClass::CH, ID)
    );
    assert!(message.edns.is_none());
}

#[test]
fn every_flag_and_edns_are_asked_for_by_themselves() {
    let plain = question("x{random}.example.com", RecordType::A);
    let edns = |dnssec, nsid| {
        Some(EdnsRequest {
            buffer_size: 1400,
            dnssec,
            nsid,
        })
    };
    for (edns, checking_disabled, authentic_data) in [
        (None, true, false),
        (None, false, true),
        (edns(false, false), false, false),
        (edns(true, false), false, false),
        (edns(false, true), true, true),
    ] {
        let asked = Question {
            checking_disabled,
            authentic_data,
            edns,
            ..plain.clone()
        };
        let query = Query::new(&asked, ID, 0xabc);
        let message = Message::from_vec(query.as_bytes()).unwrap();
        assert_eq!(
            message.queries[0].name.to_string(),
            "x0000000000000abc.example.com."
        );
        assert_eq!(
            (
                message.metadata.checking_disabled,
                message.metadata.authentic_data
            ),
            (checking_disabled, authentic_data)
        );
        let sent = message.edns.map(|sent| EdnsRequest {
            buffer_size: sent.max_payload(),
            dnssec: sent.flags().dnssec_ok,
            nsid: sent.option(EdnsCode::NSID).is_some(),
        });
        assert_eq!(sent, edns);
    }
}

#[test]
fn what_is_said_by_way_of_edns_is_read() {
    let mut message = reply_to(&query());
    let mut edns = hickory_proto::op::Edns::new();
    edns.set_dnssec_ok(true).set_max_payload(1232);
    let text = b"\x00\x06signature \x1b expired";
    for (code, data) in [
        (3, b"ams1".as_slice()),
        (15, text),
        (15, b"\x02\x58"),
        (15, b"\x00"),
    ] {
        edns.options_mut()
            .insert(EdnsOption::Unknown(code, data.to_vec()));
    }
    message.set_edns(edns);
    let reply = parse(&message).unwrap();
    let edns = reply.edns().unwrap();
    assert_eq!(
        (edns.version, edns.dnssec_ok, edns.flags, edns.buffer_size),
        (0, true, 0x8000, 1232)
    );
    assert_eq!(edns.nsid().as_deref(), Some("ams1"));
    let errors: Vec<_> = edns.errors().map(|error| error.to_string()).collect();
    assert_eq!(
        errors,
        [
            "DNSSEC Bogus (signature \\027 expired)",
            "extended error 600"
        ]
    );
    assert_eq!(reply.question().as_deref(), Some("example.com. IN SOA"));
    assert_eq!(reply.size(), message.to_vec().unwrap().len());
}

#[test]
fn a_name_of_octets_is_shown_in_hexadecimal_digits() {
    let mut message = reply_to(&query());
    let mut edns = hickory_proto::op::Edns::new();
    edns.options_mut()
        .insert(EdnsOption::Unknown(3, vec![0x7f, 1]));
    message.set_edns(edns);
    let reply = parse(&message).unwrap();
    let edns = reply.edns().unwrap();
    assert_eq!(edns.nsid().as_deref(), Some("7F01"));
    assert_eq!(edns.nsid_hex().as_deref(), Some("7F01"));
    assert!(parse(&reply_to(&query())).unwrap().edns().is_none());
}

#[test]
fn every_section_is_there_for_whoever_looks() {
    let mut message = reply_to(&query());
    let address = |last| record(RData::A(A::new(192, 0, 2, last)));
    message.add_answer(record(soa()));
    message.add_authority(address(1));
    message.add_authority(address(2));
    message.add_additional(address(3));
    let reply = parse(&message).unwrap();
    let data =
        |section| -> Vec<String> { reply.section(section).map(|record| record.data()).collect() };
    assert_eq!(data(Section::Answer).len(), 1);
    assert_eq!(data(Section::Authority), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(data(Section::Additional), ["192.0.2.3"]);
}

#[test]
fn a_question_that_points_into_the_header_is_not_ours() {
    let mut message = reply_to(&query()).to_vec().unwrap();
    message.truncate(12);
    for (target, rejected) in [
        (10, Rejected::Foreign),
        (12, Rejected::Malformed("question")),
    ] {
        let question = [0xc0, target, 0, 6, 0, 1];
        let reply = Reply::parse(&[&message[..], &question].concat(), &query());
        assert_eq!(reply, Err(rejected), "{target}");
    }
}

#[test]
fn signatures_are_shown_as_dig_does() {
    let data = [
        0, 6, 13, 2, 0, 0, 14, 16, 0x69, 0x3a, 0xb4, 0x80, 0x69, 0x28, 0x3f, 0x80, 0x87, 7, 7,
        b'e', b'x', b'a', b'm', b'p', b'l', b'e', 3, b'c', b'o', b'm', 0, 1, 2, 3,
    ];
    assert_eq!(
        shown(46, &data),
        "example.com. 9 IN RRSIG SOA 13 2 3600 20251211120936 20251127120936 34567 example.com. AQID"
    );
    assert_eq!(
        shown(46, &data[..20]),
        format!(
            "example.com. 9 IN RRSIG \\# 20 {}",
            record::hex(&data[..20])
        )
    );
}

#[test]
fn everything_in_a_reply_is_read() {
    let mut message = reply_to(&query());
    message.metadata.authoritative = true;
    message.metadata.recursion_available = true;
    message.add_answer(record(soa()));
    message.add_authority(record(RData::A(A::new(192, 0, 2, 1))));
    let reply = parse(&message).unwrap();
    assert_eq!(reply.rcode, Rcode::NO_ERROR);
    assert_eq!(reply.soa_serial(), Some(2_026_112_201));
    let flags: Vec<_> = reply.flags.names().collect();
    assert_eq!(flags, ["aa", "rd", "ra"]);
    assert_eq!((reply.counts.answer, reply.counts.authority), (1, 1));
    assert_eq!(
        reply.answers(),
        ["example.com. 3600 IN SOA ns.example.com. root.example.com. 2026112201 1 2 3 4"]
    );
}

#[test]
fn the_case_of_the_name_does_not_matter() {
    let mut message = reply_to(&query());
    message.queries[0].name = Name::from_ascii("eXample.COM.").unwrap();
    assert!(parse(&message).is_ok());
}

#[test]
fn answers_for_another_question_are_foreign() {
    let changes: [fn(&mut Message); 8] = [
        |m| m.metadata.id = ID + 1,
        |m| m.metadata.message_type = MessageType::Query,
        |m| m.metadata.op_code = OpCode::Notify,
        |m| m.queries[0].name = Name::from_ascii("example.net.").unwrap(),
        |m| m.queries[0].query_type = RecordType::A,
        |m| m.queries[0].query_class = DNSClass::CH,
        |m| m.queries.push(m.queries[0].clone()),
        |m| m.queries.clear(),
    ];
    for (position, change) in changes.iter().enumerate() {
        let mut message = reply_to(&query());
        change(&mut message);
        assert_eq!(parse(&message), Err(Rejected::Foreign), "change {position}");
    }
    assert_eq!(Reply::parse(&[0; 11], &query()), Err(Rejected::Foreign));
}

#[test]
fn an_error_may_leave_out_the_question_but_a_statement_about_the_name_may_not() {
    for (code, accepted) in [
        (ResponseCode::FormErr, true),
        (ResponseCode::ServFail, true),
        (ResponseCode::Refused, true),
        (ResponseCode::NoError, false),
        (ResponseCode::NXDomain, false),
    ] {
        let mut message = reply_to(&query());
        message.queries.clear();
        message.metadata.response_code = code;
        assert_eq!(parse(&message).is_ok(), accepted, "{code}");
    }
}

#[test]
fn a_response_code_has_its_upper_bits_in_the_opt_record() {
    let mut message = reply_to(&query());
    message.metadata.response_code = ResponseCode::BADVERS;
    message.set_edns(hickory_proto::op::Edns::new());
    let reply = parse(&message).unwrap();
    assert_eq!(reply.rcode, Rcode(16));
    assert_eq!(reply.counts.additional, 1);
}

#[test]
fn a_reply_that_ends_early_is_malformed_unless_it_says_so() {
    let mut message = reply_to(&query());
    message.add_answer(record(soa()));
    let mut bytes = message.to_vec().unwrap();
    bytes.pop();
    let malformed = Err(Rejected::Malformed("answer section"));
    assert_eq!(Reply::parse(&bytes, &query()), malformed);
    bytes[2] |= 0x02;
    let reply = Reply::parse(&bytes, &query()).unwrap();
    assert!(reply.flags.truncated);
    assert_eq!(reply.counts.answer, 0);
    // The same one section later, where one record is whole.
    let mut message = reply_to(&query());
    message.metadata.truncation = true;
    message.add_answer(record(soa()));
    message.add_authority(record(soa()));
    let mut bytes = message.to_vec().unwrap();
    bytes.pop();
    let counts = Reply::parse(&bytes, &query()).unwrap().counts;
    assert_eq!((counts.answer, counts.authority), (1, 0));
}

#[test]
fn a_record_that_cannot_be_read_costs_nothing_but_its_text() {
    assert_eq!(shown(1, &[1, 2, 3]), "example.com. 9 IN A \\# 3 010203");
    assert_eq!(shown(16, &[]), "example.com. 9 IN TXT \\# 0");
    let unknown = shown(65280, b"\x1b[2J");
    assert!(unknown.ends_with(" \\# 4 1B5B324A"), "{unknown}");
    assert_eq!(shown(41, &[]), shown(41, &[]), "OPT among the answers");
    let reply = Reply::parse(&raw(6, &[0, 0, 1]), &query()).unwrap();
    assert_eq!((reply.counts.answer, reply.soa_serial()), (1, None));
}

#[test]
fn texts_are_quoted_and_never_raw() {
    let mut message = reply_to(&query());
    let txt = TXT::from_bytes(vec![b"say \"hi\"\\", b"\x1b[2J\n\xff"]);
    message.add_answer(record(RData::TXT(txt)));
    let reply = parse(&message).unwrap();
    assert_eq!(
        reply.answers(),
        [r#"example.com. 3600 IN TXT "say \"hi\"\\" "\027[2J\010\255""#]
    );
}

#[test]
fn dots_within_labels_are_escaped() {
    let name = Name::from_labels([b"a.b".as_slice(), b"\x00c"]).unwrap();
    assert_eq!(presentation_of(&name), "a\\.b.\\000c.");
    assert_eq!(presentation_of(&Name::root()), ".");
}

fn presentation_of(name: &Name) -> String {
    record::presentation(name)
}

fn printable(reply: &Reply) -> bool {
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    let records = sections
        .into_iter()
        .flat_map(|section| reply.section(section));
    let edns = reply.edns().into_iter();
    let said = edns.flat_map(|edns| {
        edns.errors()
            .map(|error| error.to_string())
            .chain(edns.nsid())
    });
    let plain = |text: String| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let all = records
        .map(|record| record.to_string())
        .chain(said)
        .chain(reply.question());
    all.into_iter().all(plain)
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Reply::parse(&bytes, &query());
    }

    #[test]
    fn any_bytes_behind_our_question_are_read_without_panic(
        counts in any::<[u8; 6]>(),
        flags in any::<u8>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut message = reply_to(&query()).to_vec().unwrap();
        message[3] = flags;
        message[6..12].copy_from_slice(&counts);
        message.extend(bytes);
        if let Ok(reply) = Reply::parse(&message, &query()) {
            prop_assert!(printable(&reply));
        }
    }

    #[test]
    fn any_data_of_any_type_is_shown_in_printable_ascii(
        record_type in prop_oneof![0u16..300, any::<u16>()],
        data in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let reply = Reply::parse(&raw(record_type, &data), &query()).unwrap();
        prop_assert_eq!(reply.counts.answer, 1);
        prop_assert!(printable(&reply));
    }

    #[test]
    fn a_changed_byte_never_panics(position in 0usize..80, value in any::<u8>()) {
        let mut message = reply_to(&query());
        message.add_answer(record(soa()));
        let mut bytes = message.to_vec().unwrap();
        let position = position % bytes.len();
        bytes[position] = value;
        let _ = Reply::parse(&bytes, &query());
    }
}
