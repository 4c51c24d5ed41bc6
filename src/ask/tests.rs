//! Words and what they mean, and what makes no question.

use proptest::prelude::*;

use super::*;
use crate::config::{Channel, Trust, UrlPath};
use crate::dns::{DNSClass, EdnsRequest, RecordType, Transport};

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn read(line: &str) -> Result<Ask, Unclear> {
    let words = words(line);
    let typed = Typed {
        words: &words,
        ..Typed::default()
    };
    typed.read()
}

/// What is asked and where, in words.
fn meant(ask: &Ask) -> String {
    let question = &ask.check.questions[0].question;
    let (name, class, kind) = (&question.name, question.class, question.record_type);
    let transport = ask.check.connection.channel.transport();
    format!("{name} {class} {kind} at {} over {transport}", ask.server)
}

#[test]
fn words_stand_in_any_order() {
    let wanted = "example.com IN SOA at 192.0.2.53:53 over TCP";
    for line in [
        "@192.0.2.53 example.com SOA +tcp",
        "+tcp soa example.com @192.0.2.53",
        "example.com @192.0.2.53 in +vc SOA",
    ] {
        assert_eq!(meant(&read(line).unwrap()), wanted, "{line}");
    }
}

#[test]
fn what_is_not_said_is_as_dig_has_it() {
    for (line, wanted) in [
        ("@192.0.2.53", ". IN NS at 192.0.2.53:53 over UDP"),
        ("@192.0.2.53 SOA", ". IN SOA at 192.0.2.53:53 over UDP"),
        (
            "@2001:db8::53 a.b",
            "a.b IN A at [2001:db8::53]:53 over UDP",
        ),
        (
            "@192.0.2.53 CH TXT id.server",
            "id.server CH TXT at 192.0.2.53:53 over UDP",
        ),
        (
            "@192.0.2.53#5353 a.b TYPE65 +quic",
            "a.b IN HTTPS at 192.0.2.53:5353 over QUIC",
        ),
        (
            "@192.0.2.53 a.b +tls",
            "a.b IN A at 192.0.2.53:853 over TLS",
        ),
        (
            "@192.0.2.53 a.b +tls-host=dns.example",
            "a.b IN A at 192.0.2.53:853 over TLS",
        ),
        (
            "@192.0.2.53 a.b +https",
            "a.b IN A at 192.0.2.53:443 over HTTPS",
        ),
    ] {
        assert_eq!(meant(&read(line).unwrap()), wanted, "{line}");
    }
    let ask = read("@192.0.2.53 a.b").unwrap();
    let question = &ask.check.questions[0].question;
    assert!(question.recursion_desired && !question.authentic_data);
    assert_eq!(question.edns.unwrap().buffer_size, EdnsRequest::BUFFER_SIZE);
    assert_eq!(ask.timeout.millis(), 5000);
}

#[test]
fn words_switch_things_on_and_off() {
    let line = "@192.0.2.53 a.b +norec +cdflag +ad +do +nsid +bufsize=4096 +time=2 +tries=1 +short";
    let ask = read(line).unwrap();
    let question = &ask.check.questions[0].question;
    assert!(!question.recursion_desired && question.checking_disabled && question.authentic_data);
    let edns = EdnsRequest {
        buffer_size: 4096,
        dnssec: true,
        nsid: true,
    };
    assert_eq!(question.edns, Some(edns));
    assert_eq!((ask.timeout.millis(), ask.short), (2000, true));
    let ask = read("@192.0.2.53 a.b +dnssec +nodnssec +noedns +timeout=300ms +noignore").unwrap();
    assert_eq!(ask.check.questions[0].question.edns, None);
    assert_eq!(ask.timeout.millis(), 300);
    let channel = ask.check.connection.channel;
    assert_eq!(
        channel,
        Channel::Udp {
            fallback_to_tcp: true
        }
    );
}

#[test]
fn certificates_are_verified_as_it_is_said() {
    let ask = read("@192.0.2.53 a.b +https=/q +tls-ca=ca.pem +tls-hostname=dns.example").unwrap();
    let Channel::Https { tls, path } = ask.check.connection.channel else {
        panic!("not over HTTPS");
    };
    assert_eq!(path, "/q".parse::<UrlPath>().unwrap());
    assert_eq!(tls.trust, Trust::Authorities("ca.pem".into()));
    assert_eq!(tls.name, Some("dns.example".try_into().unwrap()));
    let ask = read("@192.0.2.53 a.b +tls-pin=own.pem").unwrap();
    let Channel::Tls(tls) = ask.check.connection.channel else {
        panic!("not over TLS");
    };
    assert_eq!(tls.trust, Trust::Certificate("own.pem".into()));
}

#[test]
fn options_say_what_words_cannot() {
    let own = words("@fe80::53%eth0");
    let typed = Typed {
        words: &own,
        name: Some("soa"),
        record_type: Some("txt"),
        port: Some(5353),
        source: Some("fe80::1%eth0"),
        ..Typed::default()
    };
    let ask = typed.read().unwrap();
    assert_eq!(meant(&ask), "soa IN TXT at [fe80::53]:5353 over UDP");
    let origin = &ask.check.connection.origin;
    assert_eq!(origin.source, Some("fe80::1".parse().unwrap()));
    assert_eq!(origin.interface, Some("eth0".parse().unwrap()));
    let reverse = |address: &str| {
        let words = words("@192.0.2.53");
        let typed = Typed {
            words: &words,
            reverse: Some(address.parse().unwrap()),
            ..Typed::default()
        };
        meant(&typed.read().unwrap())
    };
    insta::assert_snapshot!(reverse("192.0.2.1"), @"1.2.0.192.in-addr.arpa. IN PTR at 192.0.2.53:53 over UDP");
    insta::assert_snapshot!(reverse("2001:db8::ab"), @"b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR at 192.0.2.53:53 over UDP");
}

#[test]
fn what_makes_no_question_says_what_to_write() {
    let lines = [
        "example.com SOA",
        "@ns1.example.com SOA",
        "@192.0.2.53#0",
        "@192.0.2.53 @192.0.2.54",
        "@192.0.2.53 a.b c.d",
        "@192.0.2.53 a.b A AAAA",
        "@192.0.2.53 a.b +tcp +tls",
        "@192.0.2.53 a.b +dnsec",
        "@192.0.2.53 a.b +nocdflagg",
        "@192.0.2.53 a.b +xyz",
        "@192.0.2.53 a.b +bufsize",
        "@192.0.2.53 a.b +bufsize=100",
        "@192.0.2.53 a.b +do=1",
        "@192.0.2.53 a.b +tries=3",
        "@192.0.2.53 a.b +time=x",
        "@192.0.2.53 a.b +nsid +noedns",
        "@192.0.2.53 a.b +tcp +tls-ca=x.pem",
        "@192.0.2.53 a.b +tls-pin=x.pem +tls-ca=x.pem",
        "@192.0.2.53 a.b +tcp +noignore",
        "@192.0.2.53 a.b +https=q",
        "@192.0.2.53 a.b axfr",
        "@192.0.2.53 a..b",
        "@fe80::1%a:b",
    ];
    let refused = |line: &&str| format!("{line}\n  {}\n", read(line).unwrap_err());
    let refused: String = lines.iter().map(refused).collect();
    insta::assert_snapshot!(refused);
}

#[test]
fn a_source_is_of_the_family_of_the_server() {
    let own = words("@192.0.2.53");
    let from = |source| {
        let typed = Typed {
            words: &own,
            source: Some(source),
            ..Typed::default()
        };
        typed.read().map(|ask| ask.check.connection.origin)
    };
    assert_eq!(from("%eth0").unwrap().source, None);
    assert!(matches!(from("2001:db8::1"), Err(Unclear::Families(..))));
    assert!(matches!(from("eth0"), Err(Unclear::Source(_))));
    assert!(matches!(from(""), Err(Unclear::Source(_))));
}

#[test]
fn a_lone_word_may_be_a_service() {
    let is_question = |line: &str| {
        let words = words(line);
        let typed = Typed {
            words: &words,
            ..Typed::default()
        };
        typed.is_question()
    };
    assert!(!is_question("resolver") && !is_question(""));
    assert!(is_question("@192.0.2.53") && is_question("+tcp") && is_question("a SOA"));
}

proptest! {
    #[test]
    fn any_words_are_read_or_refused(
        words in proptest::collection::vec(
            prop_oneof!["\\PC*", "[@+]\\PC*", "\\+(no)?[a-z]{2,8}(=\\PC*)?", "@[0-9.]{7,12}(#[0-9]+)?", "@[0-9a-f:]{2,12}"],
            0..6,
        ),
        source in proptest::option::of("\\PC*"),
        kind in proptest::option::of("\\PC*"),
    ) {
        let typed = Typed {
            words: &words,
            source: source.as_deref(),
            record_type: kind.as_deref(),
            ..Typed::default()
        };
        match typed.read() {
            Ok(ask) => {
                prop_assert_eq!(ask.check.questions.len(), 1);
                prop_assert_eq!(ask.check.server, Some(ask.server.ip()));
                prop_assert!(ask.server.port() > 0);
            }
            Err(unclear) => prop_assert!(!unclear.to_string().is_empty()),
        }
    }

    #[test]
    fn the_order_says_nothing(words in Just(words("@192.0.2.53 a.b TXT CH +tcp +nsid +time=1")).prop_shuffle()) {
        let typed = Typed { words: &words, ..Typed::default() };
        let ask = typed.read().unwrap();
        prop_assert_eq!(meant(&ask), "a.b CH TXT at 192.0.2.53:53 over TCP");
        prop_assert_eq!(ask.check.questions[0].question.class, DNSClass::CH);
        prop_assert_eq!(ask.check.questions[0].question.record_type, RecordType::TXT);
        prop_assert_eq!(ask.check.connection.channel.transport(), Transport::Tcp);
    }
}
