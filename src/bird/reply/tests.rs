use proptest::prelude::*;

use super::*;

fn decode_all(bytes: &[u8]) -> Vec<Event> {
    decode_chunked(bytes, bytes.len().max(1))
}

fn decode_chunked(bytes: &[u8], size: usize) -> Vec<Event> {
    let mut decoder = Decoder::default();
    for chunk in bytes.chunks(size) {
        decoder.push(chunk).unwrap();
    }
    std::iter::from_fn(|| decoder.next_event()).collect()
}

fn only_reply(bytes: &[u8]) -> Reply {
    match decode_all(bytes).as_slice() {
        [Event::Reply(reply)] => reply.clone(),
        other => panic!("wanted one reply, got {other:?}"),
    }
}

fn texts(reply: &Reply) -> Vec<(u16, &str)> {
    reply.lines().map(|line| (line.code, line.text)).collect()
}

#[test]
fn a_space_repeats_the_code_and_is_stripped_once() {
    let reply = only_reply(
        b"1000-BIRD 2.0.12\n1011-Router ID is 10.0.0.1\n   deep\n \n0013 Daemon is up\n",
    );
    assert_eq!(
        texts(&reply),
        [
            (1000, "BIRD 2.0.12"),
            (1011, "Router ID is 10.0.0.1"),
            (1011, "  deep"),
            (1011, ""),
            (13, "Daemon is up")
        ]
    );
    assert_eq!(reply.last().code, 13);
    assert_eq!(reply.error(), None);
}

#[test]
fn an_overflow_within_a_good_reply_is_no_error() {
    let reply =
        only_reply(b"1006-  Description: a\n8000-<line overflow>\n1006-  BGP state: x\n0000 \n");
    assert_eq!(reply.error(), None);
    assert!(reply.has(8000));
}

#[test]
fn an_error_in_a_continuation_line_counts_although_the_end_is_0000() {
    let reply = only_reply(b"8006-bgp1: reload failed\n0000 \n");
    assert_eq!(
        reply.error().map(|line| line.text),
        Some("bgp1: reload failed")
    );
}

#[test]
fn the_result_of_disable_stands_before_the_final_line() {
    let reply = only_reply(b"0008-a: already disabled\n0000 \n");
    assert!(reply.error().is_none());
    let codes = [8, 0, 9].map(|code| reply.has(code));
    assert_eq!(codes, [true, true, false]);
}

#[test]
fn notices_are_told_from_replies_wherever_they_come() {
    let events = decode_all(b"+<RMT> up\n0009-a: disabled\n+echo\n<3 messages lost>\n0000 \n");
    let [
        Event::Notice(first),
        Event::Notice(second),
        Event::Notice(lost),
        Event::Reply(reply),
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!((first.as_str(), second.as_str()), ("<RMT> up", "echo"));
    assert_eq!(lost, "<3 messages lost>");
    assert_eq!(texts(reply), [(9, "a: disabled"), (0, "")]);
}

#[test]
fn two_replies_for_one_command_are_two_events() {
    let events = decode_all(b"8006-x: a\n0000 \n8006-x: b\n0000 \n");
    assert_eq!(events.len(), 2);
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    let reply = only_reply(b"1006-  Message: \xff\x7f\x1b[31m\n a\n b\xc3\n \xa9\n0000 \xfe\n");
    let replaced = "  Message: \u{fffd}\u{7f}\u{1b}[31m";
    let lines = [
        (1006, replaced),
        (1006, "a"),
        // No character stands on two lines.
        (1006, "b\u{fffd}"),
        (1006, "\u{fffd}"),
        (0, "\u{fffd}"),
    ];
    assert_eq!(texts(&reply), lines);
}

#[test]
fn lines_outside_the_protocol_are_framing_errors() {
    for bad in [
        &b"hello\n"[..],
        b"\n",
        b"12\n",
        b"12a4 x\n",
        b" text before any code\n",
        b"0001_x\n",
    ] {
        assert!(Decoder::default().push(bad).is_err(), "{bad:?}");
    }
    // A reply that ended leaves no code behind.
    assert!(Decoder::default().push(b"0000 \n text\n").is_err());
}

#[test]
fn a_line_without_end_is_given_up() {
    let mut decoder = Decoder::default();
    let results: Vec<_> = (0..20).map(|_| decoder.push(&[b'1'; 4096])).collect();
    assert_eq!(results.last(), Some(&Err(FramingError::EndlessLine)));
}

#[test]
fn a_line_that_is_too_long_is_given_up_however_the_stream_is_cut() {
    for (length, is_taken) in [(65_536, true), (65_537, false)] {
        let line = format!("0009-{}\n", "x".repeat(length - 5));
        for size in [1, 4096, line.len()] {
            let mut decoder = Decoder::default();
            let mut pieces = line.as_bytes().chunks(size);
            let result = pieces.try_for_each(|piece| decoder.push(piece));
            assert_eq!(result.is_ok(), is_taken, "{length} in pieces of {size}");
        }
    }
}

#[test]
fn an_answer_of_30_mb_is_read_to_its_end_in_bounded_memory() {
    let mut decoder = Decoder::default();
    let heading = b"1007-Table master4:\n";
    decoder.push(heading).unwrap();
    let block = " 10.0.0.0/24 blackhole [anycast_a_v4] * (200)\n".repeat(1000);
    let blocks = 30_000_000 / block.len();
    for _ in 0..blocks {
        decoder.push(block.as_bytes()).unwrap();
    }
    assert!(!decoder.is_idle());
    decoder.push(b"0000 \n").unwrap();
    let Some(Event::Reply(reply)) = decoder.next_event() else {
        panic!()
    };
    let kept: usize = reply.lines().map(|line| line.text.len()).sum();
    assert!((5_900_000..MAX_KEPT).contains(&kept), "{kept}");
    let read = heading.len() + blocks * block.len();
    assert_eq!(reply.text.len() + reply.dropped, read);
    assert_eq!(reply.last().code, 0);
    assert!(decoder.is_idle());
}

#[test]
fn half_a_line_is_kept_for_later() {
    let mut decoder = Decoder::default();
    decoder.push(b"0001 BIRD 2.0").unwrap();
    assert_eq!((decoder.next_event(), decoder.is_idle()), (None, false));
    decoder.push(b".12 ready.\n").unwrap();
    assert!(matches!(decoder.next_event(), Some(Event::Reply(_))));
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), size in 1_usize..50) {
        let mut decoder = Decoder::default();
        for chunk in bytes.chunks(size) {
            if decoder.push(chunk).is_err() {
                break;
            }
        }
    }

    #[test]
    fn pieces_do_not_matter(
        lines in prop::collection::vec("(0009-a: disabled|1002-row|  deep|\\+log|8000-<line overflow>|0000 |9001 bad)", 0..40),
        size in 1_usize..30,
    ) {
        // Begin with a code so that lines without one have something to repeat.
        let stream: String = lines.iter().flat_map(|line| ["2002-head\n", line, "\n"]).collect();
        prop_assert_eq!(decode_chunked(stream.as_bytes(), size), decode_all(stream.as_bytes()));
    }
}

#[test]
fn lines_without_text_are_not_kept_without_end() {
    let mut decoder = Decoder::default();
    let block = b"1006-\n".repeat(1000);
    for _ in 0..1000 {
        decoder.push(&block).unwrap();
    }
    decoder.push(b"0000 \n").unwrap();
    let Some(Event::Reply(reply)) = decoder.next_event() else {
        panic!("no reply");
    };
    assert!(reply.lines.len() * size_of::<Span>() <= MAX_KEPT);
    assert!(reply.dropped > 0);
}

#[test]
fn lines_are_kept_up_to_the_limit() {
    let line = |bytes: usize| format!("1006-{}\n", "x".repeat(bytes - 6));
    // With what is known of it, each of these takes 1 KiB.
    let kib = 1024 - size_of::<Span>();
    let full = line(kib).repeat(8191);
    for (last, dropped) in [(kib, 0), (kib + 1, kib + 1)] {
        let reply = only_reply(format!("{full}{}0000 \n", line(last)).as_bytes());
        assert_eq!(reply.dropped, dropped, "a last line of {last} bytes");
    }
}
