//! `anycastctl probe`: every check once, or a question, and what came back as `dig` would show it.
//!
//! Asks exactly what the daemon asks, by the same code; decides nothing and changes nothing.

mod group;
mod look;
mod plan;
mod report;
mod series;
mod text;

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

pub use report::{
    EdnsReport, ExchangeReport, GroupReport, MessageReport, ProbeReport, ReplyReport, Sections,
};

use super::draw::Screen;
use super::{Code, Failure, Output, document, load, runtime};
use crate::ask::Typed;
use crate::cli;
use crate::model::ServiceName;
use crate::signals::Signals;
use plan::{Plan, Selection};
use series::Series;
use text::View;

/// Looks and shows what came back, once or until interrupted.
pub fn probe(config: &Path, options: &cli::Probe) -> Result<Output, Failure> {
    let typed = typed(options);
    let (plan, view) = if typed.is_question() {
        question(options, typed)?
    } else {
        (configured(config, options)?, View::new(options.all))
    };
    let show = Show {
        view,
        json: options.json,
    };
    let runtime = runtime()?;
    let output = runtime.block_on(async {
        let mut signals = signals()?;
        let output = match options.watch {
            Some(interval) => watch(&plan, show, interval.duration(), &mut signals).await,
            None => once(&plan, show, &mut signals).await,
        };
        plan.is_over().await;
        output
    });
    // A thread may still wait for a disk that hangs.
    runtime.shutdown_background();
    output
}

fn typed(options: &cli::Probe) -> Typed<'_> {
    let question = &options.question;
    Typed {
        words: &options.words,
        name: question.name.as_deref(),
        record_type: question.record_type.as_deref(),
        reverse: question.reverse,
        port: question.port,
        source: question.source.as_deref(),
    }
}

fn question(options: &cli::Probe, typed: Typed<'_>) -> Result<(Plan, View), Failure> {
    if options.check.is_some() {
        let message = "`--check` goes with a service of the configuration, not with a question";
        return Err(Failure::new(Code::Usage, &message));
    }
    let ask = typed
        .read()
        .map_err(|unclear| Failure::new(Code::Usage, &unclear))?;
    let view = if ask.short { View::Short } else { View::Full };
    Ok((Plan::question(ask), view))
}

fn configured(config: &Path, options: &cli::Probe) -> Result<Plan, Failure> {
    let service = options
        .words
        .first()
        .map(|word| service(word))
        .transpose()?;
    let config = load(config)?.config;
    let selection = Selection {
        service: service.as_ref(),
        check: options.check.as_deref(),
    };
    Plan::of(&config, selection).map_err(|message| Failure::new(Code::Usage, &message))
}

fn service(word: &str) -> Result<ServiceName, Failure> {
    word.parse().map_err(|error| {
        let message = format!(
            "{error}; to ask about a name, say which server: anycastctl probe @192.0.2.53 {word}"
        );
        Failure::new(Code::Usage, &message)
    })
}

fn code(reports: &[ProbeReport]) -> Code {
    if reports.iter().all(ProbeReport::is_well) {
        Code::Success
    } else {
        Code::NotAsWanted
    }
}

/// How reports are shown.
#[derive(Clone, Copy)]
struct Show {
    view: View,
    json: bool,
}

impl Show {
    fn text(self, reports: &[ProbeReport], series: Option<&Series>) -> Result<String, Failure> {
        if self.json {
            document(&reports)
        } else {
            super::written(|out| text::print(reports, self.view, series, out))
        }
    }
}

/// Looks once, and shows what came of it unless a signal ends it before.
async fn once(plan: &Plan, show: Show, signals: &mut Signals) -> Result<Output, Failure> {
    let reports = tokio::select! {
        biased;
        signal = signals.any() => return Ok(Output::new(String::new(), Code::Signal(signal))),
        reports = plan.run() => reports,
    };
    Ok(Output::new(show.text(&reports, None)?, code(&reports)))
}

/// Looks again and again. A signal ends it; an interrupt with what the last look came to.
async fn watch(
    plan: &Plan,
    show: Show,
    interval: Duration,
    signals: &mut Signals,
) -> Result<Output, Failure> {
    let mut screen = Screen::new(!show.json);
    let mut series = Series::default();
    // Nothing is as wanted that nobody has seen.
    let mut last = Code::NotAsWanted;
    let mut round = tokio::time::interval(interval);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let look = async {
            round.tick().await;
            plan.run().await
        };
        let reports = tokio::select! {
            biased;
            signal = signals.any() => {
                let code = if signal == Signal::SIGINT { last } else { Code::Signal(signal) };
                return Ok(Output::new(String::new(), code));
            }
            reports = look => reports,
        };
        last = code(&reports);
        series.add(&reports);
        let mut text = show.text(&reports, Some(&series))?;
        if !show.json {
            text.push('\n');
        }
        if screen.show(&text)?.is_break() {
            return Ok(Output::new(String::new(), last));
        }
    }
}

fn signals() -> Result<Signals, Failure> {
    Signals::new().map_err(|error| {
        let message = format!("cannot wait for signals: {error}");
        Failure::new(Code::Environment, &message)
    })
}

#[cfg(test)]
mod tests;
