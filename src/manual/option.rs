//! Arguments of a command: the synopsis, and what each of them is.

use clap::{Arg, ArgAction, Command};
use roff::{Inline, bold, italic, roman};

use super::page::{FIXED, WHOLE, Writer};
use super::prose::{inlines, sentence};

/// How a command is called.
pub(super) fn synopsis(command: &Command) -> Vec<Inline> {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let is_free = |argument: &&Arg| !is_help(argument) && !is_grouped(command, argument);
    let alone = |argument: &Arg| optional(!argument.is_required_set(), shortest(argument));
    let mut parts = vec![vec![bold(name.replace(' ', &FIXED.to_string()))]];
    parts.extend(options(command).filter(is_free).map(alone));
    parts.extend(required_groups(command).map(|group| one_of(&group)));
    parts.extend(command.get_positionals().filter(is_free).map(alone));
    if command.has_subcommands() {
        parts.push(vec![italic("COMMAND"), roman(" ...")]);
    }
    // No part is divided at the end of a line.
    let whole = |part: Vec<Inline>| [vec![roman(WHOLE.to_string())], part].concat();
    let parts: Vec<_> = parts.into_iter().map(whole).collect();
    parts.join(&roman(" "))
}

fn one_of(arguments: &[&Arg]) -> Vec<Inline> {
    let ways: Vec<_> = arguments
        .iter()
        .map(|argument| shortest(argument))
        .collect();
    let ways = ways.join(&roman(format!("{FIXED}|{FIXED}")));
    [vec![roman("{")], ways, vec![roman("}")]].concat()
}

/// The options, those of all commands last.
pub(super) fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    let all = || {
        command
            .get_arguments()
            .filter(|argument| !argument.is_positional() && !argument.is_hide_set())
    };
    let own = all().filter(|option| !is_common(option));
    own.chain(all().filter(|option| is_common(option)))
}

fn is_common(option: &Arg) -> bool {
    option.is_global_set() || is_help(option)
}

fn is_help(option: &Arg) -> bool {
    matches!(
        option.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

/// Arguments of which one has to be there.
fn required_groups(command: &Command) -> impl Iterator<Item = Vec<&Arg>> {
    let groups = command.get_groups().filter(|group| group.is_required_set());
    groups.map(|group| {
        let arguments = group.get_args();
        arguments
            .filter_map(|id| {
                command
                    .get_arguments()
                    .find(|argument| argument.get_id() == id)
            })
            .collect()
    })
}

fn is_grouped(command: &Command, argument: &Arg) -> bool {
    required_groups(command)
        .flatten()
        .any(|grouped| grouped.get_id() == argument.get_id())
}

fn optional(is_optional: bool, text: Vec<Inline>) -> Vec<Inline> {
    if is_optional {
        [vec![roman("[")], text, vec![roman("]")]].concat()
    } else {
        text
    }
}

/// An argument as it is typed, in the shortest way.
fn shortest(argument: &Arg) -> Vec<Inline> {
    let flag = match (argument.get_short(), argument.get_long()) {
        (Some(short), _) => Some(format!("-{short}")),
        (None, long) => long.map(|long| format!("--{long}")),
    };
    flag.map(bold).into_iter().chain(value(argument)).collect()
}

/// An argument as it may be typed, in every way.
fn ways(argument: &Arg) -> Vec<Inline> {
    let mut ways = Vec::new();
    if let Some(short) = argument.get_short() {
        ways.push(bold(format!("-{short}")));
        ways.push(roman(", "));
    }
    match argument.get_long() {
        Some(long) => ways.push(bold(format!("--{long}"))),
        None => drop(ways.pop()),
    }
    ways.extend(value(argument));
    ways
}

/// The value of an argument, with what stands before it.
fn value(argument: &Arg) -> Vec<Inline> {
    if !argument.is_positional() && !argument.get_action().takes_values() {
        return Vec::new();
    }
    let names = argument.get_value_names().unwrap_or_default();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let name = names.join(" ");
    let count = argument.get_num_args();
    let is_optional = count.is_some_and(|count| count.min_values() == 0);
    let is_many = matches!(argument.get_action(), ArgAction::Append);
    let text = match (argument.is_positional(), argument.is_require_equals_set()) {
        (true, _) => return vec![italic(name), roman(if is_many { "..." } else { "" })],
        (false, true) => vec![roman("="), italic(name)],
        (false, false) => vec![roman(FIXED.to_string()), italic(name)],
    };
    optional(is_optional, text)
}

/// What each argument is.
pub(super) fn describe(page: &mut Writer, command: &Command) {
    page.heading("OPTIONS");
    for argument in command.get_positionals().chain(options(command)) {
        let help = argument.get_long_help().or_else(|| argument.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let text = [
            Some(sentence(&help)),
            default(argument),
            environment(argument),
        ];
        let text: Vec<String> = text.into_iter().flatten().collect();
        page.item(ways(argument), &text.join(" "));
        values(page, argument);
    }
}

fn default(argument: &Arg) -> Option<String> {
    if !argument.get_action().takes_values() || argument.is_hide_default_value_set() {
        return None;
    }
    let default = argument.get_default_values().first()?.to_string_lossy();
    Some(format!("By default `{default}`."))
}

fn environment(argument: &Arg) -> Option<String> {
    let variable = argument.get_env()?.to_string_lossy();
    Some(format!(
        "Also set by the environment variable `{variable}`."
    ))
}

/// The words that an argument takes, each with what it means.
fn values(page: &mut Writer, argument: &Arg) {
    if !argument.get_action().takes_values() {
        return;
    }
    let values = argument.get_possible_values();
    let described = values.iter().any(|value| value.get_help().is_some());
    if described && !argument.is_hide_possible_values_set() {
        page.indent();
        for value in &values {
            let help = value.get_help().map(ToString::to_string);
            let term = inlines(&format!("`{}`", value.get_name()));
            page.item(term, &sentence(&help.unwrap_or_default()));
        }
        page.outdent();
    } else if !values.is_empty() {
        let names: Vec<String> = values
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        page.more(inlines(&format!("One of {}.", names.join(", "))));
    }
}
