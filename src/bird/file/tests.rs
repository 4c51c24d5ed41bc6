use proptest::prelude::*;

use super::*;

fn texts(text: &str) -> Vec<String> {
    File::read(text)
        .statements
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn blanks_and_comments_do_not_count() {
    let plain =
        File::read("protocol bgp x { local as 1; ipv4 { import none; }; } filter f { accept; }");
    let laid_out = File::read(
        "# a\nprotocol /* b; { */ bgp 'x'\n{\n  local as 1;;\n  ipv4 {\n import none; };\n}\nfilter f {accept;}\n",
    );
    assert_eq!(plain, laid_out);
    assert!(plain.is_complete());
}

#[test]
fn strings_have_no_escapes_and_hide_everything() {
    let text = "define A = \"a\\\"; define B = \"# { /* ; \"; # \"\ndefine C = 1;";
    let file = File::read(text);
    assert!(file.is_complete());
    let constants: Vec<_> = file.constants().collect();
    assert_eq!(constants[0], ("A", &[Token::Text("a\\")][..]));
    assert_eq!(constants[1], ("B", &[Token::Text("# { /* ; ")][..]));
    assert_eq!(constants[2], ("C", &[Token::Word("1")][..]));
}

#[test]
fn braces_within_brackets_are_no_block() {
    let said = texts("if net ~ [ 10.0.0.0/8{9,24}, fd00::/8+ ] then { accept; } else reject;");
    assert_eq!(
        said,
        [
            "if net ~ [10.0.0.0/8 { 9,24 }, fd00::/8 +] then { accept; }",
            "else reject;"
        ]
    );
}

#[test]
fn what_is_not_closed_is_said_and_read_as_far_as_it_goes() {
    for text in [
        "protocol bgp x { local as 1;",
        "protocol bgp x { } }",
        "log \"x",
        "log \"x\n\";",
        "/* x",
        "router id",
    ] {
        assert!(!File::read(text).is_complete(), "{text}");
    }
    assert_eq!(
        File::read("protocol bgp x { local as 1;").protocols()[0].name,
        "x"
    );
}

#[test]
fn depth_is_bounded() {
    let deep = "a {".repeat(100_000) + &"}".repeat(100_000);
    assert!(!File::read(&deep).is_complete());
    let brackets = "(".repeat(100_000) + ";b;";
    assert_eq!(File::read(&brackets).statements().len(), 2);
}

#[test]
fn templates_come_before_what_a_protocol_says_itself() {
    let file = File::read(
        "template bgp t { hold time 9; } protocol bgp x from t { local as 1; } protocol static { }",
    );
    let protocols = file.protocols();
    let said: Vec<_> = protocols[0]
        .statements
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        (protocols[0].name, said),
        ("x", vec!["hold time 9;".into(), "local as 1;".into()])
    );
    assert_eq!((protocols[1].kind, protocols[1].name), ("static", "static"));
}

#[test]
fn names_stay_and_whatever_may_be_bytes_is_hidden() {
    for text in [
        "password OTHER;",
        "password _other_1;",
        "password A_RATHER_LONG_NAME;",
        "password deadbeefdeadbee;",
    ] {
        assert_eq!(redacted(text), text);
    }
    let hidden = "password \"<hidden>\";";
    for text in [
        "password deadbeefdeadbeef;",
        "password 1234;",
        "password a:b;",
    ] {
        assert!(
            redacted(text).starts_with("password \"<hidden>\""),
            "{text}"
        );
    }
    assert_eq!(redacted("password 1234;"), hidden);
    assert_eq!(redacted("# password hunter2 */"), "# password <hidden>");
    assert_eq!(redacted("/* password hunter2 */"), "/* password <hidden>*/");
}

#[test]
fn brackets_keep_their_braces_and_blocks_have_an_end() {
    let file = File::read("define S = [ { 1; } ]; define T = 4 / 2;");
    assert!(file.is_complete());
    assert_eq!(file.statements().len(), 2, "{file:?}");
    assert_eq!(file.statements()[1].to_string(), "define T = 4 / 2;");
    for (depth, is_complete) in [(32, true), (33, false)] {
        let text = "a { ".repeat(depth) + &"}".repeat(depth);
        assert_eq!(File::read(&text).is_complete(), is_complete, "{depth}");
    }
}

#[test]
fn passwords_are_hidden_wherever_they_stand() {
    for text in [
        "password \"hunter2\";",
        "password\n  /* x */ \"hunter2\";",
        "password \"hunter2\n",
        "password hunter2-;"
            .replace("hunter2-", "6068756e7465723268756e74657232")
            .as_str(),
        "keys { key { id 1; secret \"hunter2\"; } }",
        "define PASSWORD_X = \"hunter2\";",
        "define MD5 = \"hunter2\";",
        "define OTHER = \"hunter2\"; protocol bgp x { password OTHER; }",
        "# password \"hunter2\"",
        "# don't: 5\" Password: hunter2",
        "# define OTHER = \"hunter2\";\nprotocol bgp x { password OTHER; }",
        "/* a\n secret hunter2 */ protocol bgp x { }",
    ] {
        let redacted = redacted(text);
        assert!(
            !redacted.contains("hunter2") && !redacted.contains("6068"),
            "{redacted}"
        );
        assert!(redacted.contains("<hidden>"), "{redacted}");
    }
}

#[test]
fn what_is_no_password_stays() {
    let text = "# The kernel's routes\nprotocol bgp x { description \"password\"; password NAME; }\ndefine N = \"x\";\n/* password a */ log \"b\";\n";
    let redacted = redacted(text);
    assert_eq!(
        redacted,
        text.replace("password a */", "password <hidden>*/")
    );
    assert_eq!(File::read(&redacted), File::read(text));
}

proptest! {
    #[test]
    fn nothing_panics(text in "(protocol|filter|define|password|[a-z0-9.]{1,3}|[ \\n\"'#/*{}()\\[\\];=é\\PC]){0,60}") {
        let file = File::read(&text);
        let _ = (file.protocols(), file.constants().count(), redacted(&text));
    }

    /// What is read, written and read again is the same.
    #[test]
    fn written_statements_read_back(text in "([a-z]{1,3} ?([0-9]|=|\"[a-z;]{0,2}\"|\\( ?[0-9], ?[a-z] ?\\)|\\[ 1\\{2,3\\}\\]|!= |&&| ){0,4}(;|\\{ ?[a-z]{1,2} ?[0-9];( b \\{ c; \\};?)? \\};?) ?){0,6}") {
        let file = File::read(&text);
        prop_assert!(file.is_complete());
        let written: Vec<_> = file.statements.iter().map(ToString::to_string).collect();
        let written = written.join("\n");
        prop_assert_eq!(&File::read(&written), &file, "{}", written);
    }
}
