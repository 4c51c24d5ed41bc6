//! What holds for every text.

use proptest::prelude::*;

use super::*;

/// Everything that is read from replies.
fn read_all(reply: &Reply) {
    let status = daemon_status(reply);
    let now = status.and_then(|status| status.now);
    let _ = (protocols(reply, now), bfd_sessions(reply, now));
    let _ = protocol_states(reply);
    let _ = (exporting_protocols(reply), exported_prefixes(reply));
    let _ = (reconfiguration(reply), configuration_file(reply));
}

/// The reply, if the stream is one.
fn whole(stream: &[u8]) -> Option<Reply> {
    let mut decoder = Decoder::default();
    decoder.push(stream).ok()?;
    std::iter::from_fn(|| decoder.next_event()).find_map(|event| match event {
        Event::Reply(reply) => Some(reply),
        Event::Notice(_) => None,
    })
}

/// Words that stand in replies, and what may stand in their place.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "(1002|1006|1020|1000|1007|8000)-",
        "(  Channel ipv4|  BGP state:|    Route change stats:|      Import updates:|    Routes:)",
        "(    Import limit:|      Action:|    Hold timer:|    Neighbor range:|Current server time is )",
        "(---|BGP|up|down|Established|\\[HIT\\]|imported,|received rejected filtered ignored)",
        "[-+.:/%0-9 ]{0,24}",
        "[ -~\u{e9}\u{1b}]{0,30}",
        "(\n| \n|\n )",
    ]
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(words in prop::collection::vec(words(), 0..60)) {
        let stream = format!("1002-a BGP t up 12:00:00  Established\n1006-{}\n0000 \n", words.concat());
        if let Some(reply) = whole(stream.as_bytes()) {
            read_all(&reply);
        }
    }

    #[test]
    fn no_text_is_a_time_that_panics(text in "[-+.:T 0-9a-z\u{e9}]{0,32}", now in "(2026-11-22 00:00:00|1795380446|9999-12-31 23:59:59|-009999-01-01 00:00:00)") {
        let now = LocalTime::parse(&now, None);
        if let (Some(time), Some(now)) = (LocalTime::parse(&text, now), now) {
            let _ = (time.age(now), now.age(time), time.precision());
            let _ = (time.located(jiff::Timestamp::MAX), time.located(jiff::Timestamp::MIN));
        }
    }

    #[test]
    fn replies_that_are_cut_off_or_shuffled_are_read_without_panic(
        release in prop::sample::select(RELEASES.to_vec()),
        percent in 0..100_usize,
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..20),
    ) {
        let text = read(&format!("{release}-peer-killed.txt"));
        let mut lines: Vec<&str> = text.lines().collect();
        let length = lines.len() - 1;
        for (one, other) in swaps {
            lines.swap(one.index(length), other.index(length));
        }
        lines.truncate(length * percent / 100);
        // The first line needs a code of its own.
        let stream = format!("2002-Name\n{}\n0000 \n", lines.join("\n"));
        if let Some(reply) = whole(stream.as_bytes()) {
            read_all(&reply);
        }
    }

    #[test]
    fn unknown_lines_change_nothing_else(
        release in prop::sample::select(RELEASES.to_vec()),
        strangers in prop::collection::vec((any::<prop::sample::Index>(), "( {2}| {4}| {6}| {8})Strange[ a-z]{0,8}(|:[ -~]{0,20})"), 1..20),
    ) {
        let text = read(&format!("{release}-peer-killed.txt"));
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let before = protocols(&decode(text.as_bytes()), None);
        let mut added = 0;
        for (place, stranger) in strangers {
            let place = place.index(lines.len());
            // Within a block of details: they begin with a coded line and go on with lines that have none.
            if lines[place].starts_with("   ") {
                lines.insert(place, format!(" {stranger}"));
                added += 1;
            }
        }
        let mut after = protocols(&decode(format!("{}\n", lines.join("\n")).as_bytes()), None);
        let mut found = 0;
        for protocol in &mut after {
            let known = protocol.unknown.len();
            protocol.unknown.retain(|line| !line.starts_with("Strange"));
            found += known - protocol.unknown.len();
        }
        prop_assert_eq!(found, added);
        prop_assert_eq!(after, before);
    }
}
