//! What the words said, one after the other.

mod question;

use std::path::PathBuf;

use rustls_pki_types::ServerName;

use super::place::{self, Server};
use super::word::{self, Said, Setting, Switch, Word};
use super::{Typed, Unclear};
use crate::config::{Origin, UrlPath};
use crate::dns::{DNSClass, NameTemplate, RecordType, Transport, class, record_type};
use crate::model::Period;

/// As long as `dig` waits.
const TIMEOUT: Period = Period::from_millis(5000);

/// A word and what it stands for.
type Told<T> = Option<(String, T)>;

/// What was said.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "words of dig, each on or off by itself"
)]
pub(super) struct Sheet {
    server: Option<Server>,
    port: Option<u16>,
    origin: Origin,
    name: Told<NameTemplate>,
    record_type: Told<RecordType>,
    class: Told<DNSClass>,
    transport: Told<Transport>,
    path: Option<UrlPath>,
    tls_name: Option<ServerName<'static>>,
    authorities: Option<PathBuf>,
    certificate: Option<PathBuf>,
    recursion_desired: bool,
    checking_disabled: bool,
    authentic_data: bool,
    dnssec: bool,
    nsid: bool,
    edns: bool,
    buffer_size: Option<u16>,
    fallback_to_tcp: bool,
    timeout: Period,
    short: bool,
}

impl Sheet {
    fn blank(typed: Typed<'_>) -> Result<Self, Unclear> {
        let reverse = typed.reverse.map(|address| {
            let name = place::reverse(address);
            (format!("-x {address}"), name)
        });
        let name = typed.name.map(|name| (name.to_owned(), name.to_owned()));
        let name = match once("the name", name, reverse)? {
            Some((text, name)) => Some((text, name.parse()?)),
            None => None,
        };
        let kind = typed.record_type;
        let kind = kind.map(|text| Ok::<_, Unclear>((text.to_owned(), record(text)?)));
        let origin = typed.source.map(place::origin).transpose()?;
        Ok(Self {
            server: None,
            port: typed.port,
            origin: origin.unwrap_or_default(),
            name,
            record_type: kind.transpose()?,
            class: None,
            transport: None,
            path: None,
            tls_name: None,
            authorities: None,
            certificate: None,
            recursion_desired: true,
            checking_disabled: false,
            authentic_data: false,
            dnssec: false,
            nsid: false,
            edns: true,
            buffer_size: None,
            fallback_to_tcp: false,
            timeout: TIMEOUT,
            short: false,
        })
    }

    pub(super) fn of(typed: Typed<'_>) -> Result<Self, Unclear> {
        let mut sheet = Self::blank(typed)?;
        for word in typed.words {
            sheet.hear(word)?;
        }
        if typed.reverse.is_some() {
            let pointer = ("-x".to_owned(), RecordType::PTR);
            sheet.record_type.get_or_insert(pointer);
        }
        Ok(sheet)
    }

    fn hear(&mut self, text: &str) -> Result<(), Unclear> {
        if let Some(text) = text.strip_prefix('@') {
            return self.ask_at(place::server(text)?);
        }
        if let Some(text) = text.strip_prefix('+') {
            return self.say(word::read(text)?);
        }
        if let Ok(class) = class(text) {
            let told = Some((text.to_owned(), class));
            self.class = once("the class", self.class.take(), told)?;
        } else if let Some(kind) = record(text).map_or_else(hopeless, |kind| Ok(Some(kind)))? {
            let told = Some((text.to_owned(), kind));
            self.record_type = once("the type", self.record_type.take(), told)?;
        } else {
            let told = Some((text.to_owned(), text.parse()?));
            self.name = once("the name", self.name.take(), told)?;
        }
        Ok(())
    }

    fn ask_at(&mut self, server: Server) -> Result<(), Unclear> {
        match self.server.replace(server.clone()) {
            Some(first) if first != server => Err(Unclear::Twice {
                what: "who is asked",
                first: first.text,
                second: server.text,
            }),
            _ => Ok(()),
        }
    }

    fn say(&mut self, said: Said<'_>) -> Result<(), Unclear> {
        match said.word {
            Word::Over(transport) => self.travel(transport, said),
            Word::Switch(switch) => self.switch(switch, said),
            Word::Setting(setting) => self.set(setting, said),
        }
    }

    fn travel(&mut self, transport: Transport, said: Said<'_>) -> Result<(), Unclear> {
        match (said.value, transport) {
            (Some(path), Transport::Https) => self.path = Some(path.parse()?),
            (Some(_), _) => return Err(Unclear::NeedlessValue(said.name)),
            (None, _) => {}
        }
        let (no, transport) = if said.is_negated {
            ("no", Transport::Udp)
        } else {
            ("", transport)
        };
        let told = Some((format!("+{no}{}", said.name), transport));
        self.transport = once("how it travels", self.transport.take(), told)?;
        Ok(())
    }

    fn switch(&mut self, switch: Switch, said: Said<'_>) -> Result<(), Unclear> {
        let is_version_0 = switch == Switch::Edns && said.value == Some("0");
        if said.value.is_some() && !is_version_0 {
            return Err(Unclear::NeedlessValue(said.name));
        }
        let on = !said.is_negated;
        match switch {
            Switch::Recurse => self.recursion_desired = on,
            Switch::CheckingDisabled => self.checking_disabled = on,
            Switch::AuthenticData => self.authentic_data = on,
            Switch::Dnssec => self.dnssec = on,
            Switch::Nsid => self.nsid = on,
            Switch::Edns => self.edns = on,
            Switch::Ignore => self.fallback_to_tcp = !on,
            Switch::Short => self.short = on,
        }
        Ok(())
    }

    fn set(&mut self, setting: Setting, said: Said<'_>) -> Result<(), Unclear> {
        let (word, example) = (said.name, setting.example());
        let value = said.value.filter(|value| !value.is_empty());
        let value = value.ok_or(Unclear::NoValue { word, example })?;
        let wrong = || Unclear::Value {
            word,
            value: value.to_owned(),
            example,
        };
        match setting {
            Setting::Buffer => {
                let size = value.parse().ok().filter(|size| *size >= 512);
                self.buffer_size = Some(size.ok_or_else(wrong)?);
            }
            Setting::Time => self.timeout = seconds(value)?,
            Setting::Tries | Setting::Retry if value == example => {}
            Setting::Tries | Setting::Retry => {
                return Err(Unclear::Again(format!("{word}={value}")));
            }
            Setting::TlsName => {
                let name = ServerName::try_from(value.to_owned());
                self.tls_name = Some(name.map_err(|_| wrong())?);
            }
            Setting::Authorities => self.authorities = Some(value.into()),
            Setting::Certificate => self.certificate = Some(value.into()),
        }
        Ok(())
    }
}

/// The same may be said twice.
fn once<T: PartialEq>(
    what: &'static str,
    first: Told<T>,
    second: Told<T>,
) -> Result<Told<T>, Unclear> {
    match (first, second) {
        (Some((first, one)), Some((second, other))) if one != other => Err(Unclear::Twice {
            what,
            first,
            second,
        }),
        (first, second) => Ok(second.or(first)),
    }
}

/// A type by its mnemonic or, as in RFC 3597, by its number.
fn record(text: &str) -> Result<RecordType, Unclear> {
    let kind = match record_type(text) {
        Ok(kind) => kind,
        Err(error) => numbered(text).ok_or(error)?,
    };
    match kind {
        RecordType::AXFR | RecordType::IXFR => Err(Unclear::Transfer(kind.to_string())),
        kind => Ok(kind),
    }
}

/// `TYPE65`. 41 and 250 are parts of messages, not records.
fn numbered(text: &str) -> Option<RecordType> {
    let digits = text.to_ascii_uppercase();
    let digits = digits.strip_prefix("TYPE")?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u16 = digits.parse().ok().filter(|_| is_number)?;
    (![0, 41, 250].contains(&number)).then(|| RecordType::from(number))
}

/// What is no type may still be a name.
fn hopeless(error: Unclear) -> Result<Option<RecordType>, Unclear> {
    match error {
        Unclear::Dns(_) => Ok(None),
        error => Err(error),
    }
}

/// `2` is 2 s, as with `dig`.
fn seconds(text: &str) -> Result<Period, Unclear> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let with_unit = format!("{text}s");
    let text = if is_number { &with_unit } else { text };
    Ok(text.parse::<Period>()?)
}
