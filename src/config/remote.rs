//! What a check asks over the network other than DNS, validated.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use hyper::Uri;

use super::Tls;
use crate::model::Expression;

/// A port that has to take connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpCheck {
    /// The server's address; `None` asks each of the service's own host addresses.
    pub server: Option<IpAddr>,
    /// The server's port.
    pub port: u16,
    /// Whom the server has to be, if it speaks TLS.
    pub tls: Option<Tls>,
}

/// A page that has to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCheck {
    /// The server's address; `None` asks each of the service's own host addresses.
    pub server: Option<IpAddr>,
    /// What is asked for.
    pub url: Url,
    /// Whom the server has to be, if it speaks TLS.
    pub tls: Option<Tls>,
    /// The status codes that are fine; at least one range.
    pub status: Vec<StatusCodes>,
    /// What the body has to hold, as far as it is read.
    pub body: Option<Expression>,
}

/// The URL of a page, `http` or `https`, without a fragment and without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url(Uri);

/// Why a text is not the URL of a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Against the syntax (RFC 3986).
    #[error("`{0}` is not a URL: write for example http://192.0.2.53:8080/health")]
    Syntax(String),
    /// A character that has to be encoded (RFC 3986, 2; RFC 5890, 2.3.2.1).
    #[error("{0:?} cannot stand in a URL: write it as %XX in a path, and a name with it as xn--…")]
    Character(char),
    /// Neither of the two.
    #[error("`{0}` begins neither with http:// nor with https://")]
    Scheme(String),
    /// It would be shown in status and logs.
    #[error(
        "a user and a password cannot stand in a URL that is shown: take what stands before `@` away"
    )]
    User,
    /// No server ever sees it.
    #[error("what stands behind `#` is never sent to a server: take it away")]
    Fragment,
    /// Nobody's port.
    #[error("`{0}` has no port that a server could listen on")]
    Port(String),
}

impl Url {
    /// Whether it is asked for over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Name or address of the server, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// The address, if that stands in the place of a name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        let host = self.host();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        bare.unwrap_or(host).parse().ok()
    }

    /// The port: 80 or 443, if it names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        let usual = if self.is_secure() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(usual)
    }

    /// Name and port as they are sent (RFC 9110, 7.2).
    #[must_use]
    pub fn authority(&self) -> &str {
        self.0
            .authority()
            .map_or("", |authority| authority.as_str())
    }

    /// The path with its query, as it is sent.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        self.0.path_and_query().map_or("/", |path| path.as_str())
    }
}

/// The same with a path where it has a query and none: `/?a=b` is asked for then (RFC 9110, 4.2.3). `None` if that
/// cannot be asked for.
fn with_path(uri: Uri) -> Option<Uri> {
    let mut parts = uri.into_parts();
    let path = parts
        .path_and_query
        .as_ref()
        .map_or("/", |path| path.as_str());
    let target = match path.strip_prefix('?') {
        Some(query) => format!("/?{query}"),
        None => path.to_owned(),
    };
    let _can_be_asked_for: Uri = target.parse().ok()?;
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

impl FromStr for Url {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let syntax = || InvalidUrl::Syntax(text.to_owned());
        if text.contains('#') {
            return Err(InvalidUrl::Fragment);
        }
        // The parser of the library would let them through, as they are.
        if let Some(other) = text.chars().find(|letter| !letter.is_ascii()) {
            return Err(InvalidUrl::Character(other));
        }
        let uri = text.parse().ok().and_then(with_path).ok_or_else(syntax)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(InvalidUrl::Scheme(text.to_owned()));
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(InvalidUrl::User);
        }
        let host = uri.host().unwrap_or_default();
        let port = authority.strip_prefix(host).unwrap_or_default();
        if !port.is_empty() && uri.port_u16().is_none_or(|port| port == 0) {
            return Err(InvalidUrl::Port(text.to_owned()));
        }
        let url = Self(uri);
        if url.host().is_empty() || (url.host().starts_with('[') && url.address().is_none()) {
            return Err(syntax());
        }
        Ok(url)
    }
}

/// Without its query: there may be passwords in it.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        write!(f, "{scheme}://{}{}", self.authority(), self.0.path())
    }
}

/// Status codes of HTTP from one to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCodes(RangeInclusive<u16>);

/// Why a text stands for no status codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no status code of HTTP and no range of them: write for example 200 or 200-299")]
pub struct InvalidStatusCodes(String);

impl StatusCodes {
    /// The one of a page as it should be.
    pub const OK: Self = Self(200..=200);

    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, code: u16) -> bool {
        self.0.contains(&code)
    }
}

impl FromStr for StatusCodes {
    type Err = InvalidStatusCodes;

    fn from_str(text: &str) -> Result<Self, InvalidStatusCodes> {
        let refused = || InvalidStatusCodes(text.to_owned());
        let code = |text: &str| {
            let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            let code = text
                .parse()
                .ok()
                .filter(|code| digits && (100..=599).contains(code));
            code.ok_or_else(refused)
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = code(first)?..=code(last)?;
        if range.is_empty() {
            return Err(refused());
        }
        Ok(Self(range))
    }
}

impl fmt::Display for StatusCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.0.start(), self.0.end());
        if first == last {
            write!(f, "{first}")
        } else {
            write!(f, "{first}-{last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_url_says_whom_to_ask_and_for_what() {
        let page = url("https://dns.example.com/health?token=secret");
        assert!(page.is_secure());
        assert_eq!((page.host(), page.port()), ("dns.example.com", 443));
        assert_eq!(page.path_and_query(), "/health?token=secret");
        assert_eq!(page.to_string(), "https://dns.example.com/health");
        assert_eq!(page.address(), None);
        let page = url("http://[2001:db8::53]:8080");
        assert_eq!(page.address(), "2001:db8::53".parse().ok());
        assert_eq!(
            (page.port(), page.authority()),
            (8080, "[2001:db8::53]:8080")
        );
        assert_eq!(page.path_and_query(), "/");
        assert_eq!(
            url("http://192.0.2.53").address(),
            "192.0.2.53".parse().ok()
        );
        assert_eq!(url("http://192.0.2.53").port(), 80);
        let page = url("http://192.0.2.53:8080?probe=1");
        assert_eq!(page.path_and_query(), "/?probe=1");
        assert_eq!(page.to_string(), "http://192.0.2.53:8080/");
        assert_eq!(url("http://192.0.2.53?").path_and_query(), "/?");
    }

    /// Whatever is taken for a URL, a request can be made of it.
    #[test]
    fn what_is_a_url_can_be_asked_for() {
        let whole: String = ('!'..='~').filter(|character| *character != '#').collect();
        let mut taken = 0;
        for path in [
            "", "/", "*", "//", "//x", "/*", "?", "?/", "/:80", "/ü", &whole,
        ] {
            for more in ["", "a", "?", "?a", "??", "/..", "%", "\u{7f}", "\\", " "] {
                for host in ["a", "a.", "[::1]", "[::1]:1", "a_b", "a%41", "ü", "1"] {
                    let text = format!("http://{host}{path}{more}");
                    let Ok(url) = text.parse::<Url>() else {
                        continue;
                    };
                    let request = hyper::Request::get(url.path_and_query());
                    let request = request.header(hyper::header::HOST, url.authority());
                    assert!(request.body(()).is_ok(), "{text}");
                    assert!(url.path_and_query().starts_with('/'), "{text}");
                    taken += 1;
                }
            }
        }
        assert!(taken > 100, "{taken}");
    }

    #[test]
    fn what_is_no_url_says_why() {
        for text in [
            "",
            "/health",
            "dns.example.com",
            "http://",
            "http:///x",
            "http://[::1",
            "http://[x]/",
            "http://a b/",
        ] {
            let error = text.parse::<Url>().unwrap_err();
            let known = matches!(error, InvalidUrl::Syntax(_) | InvalidUrl::Scheme(_));
            assert!(known, "{text}: {error}");
        }
        for text in ["ftp://a/", "https:a", "dns.example.com:80"] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
        let error = |text: &str| text.parse::<Url>().unwrap_err();
        assert_eq!(error("http://a:b@c/"), InvalidUrl::User);
        assert_eq!(error("http://a/#b"), InvalidUrl::Fragment);
        assert_eq!(error("http://ä/"), InvalidUrl::Character('ä'));
        let wide = InvalidUrl::Character('\u{2003}');
        assert_eq!(error("http://a/b\u{2003}c"), wide);
        assert!(wide.to_string().starts_with(r"'\u{2003}' cannot"), "{wide}");
        for text in ["http://a:0/", "http://a:70000/", "http://a:/"] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }

    #[test]
    fn status_codes_are_one_or_a_range() {
        let codes: StatusCodes = "200-299".parse().unwrap();
        assert!(codes.has(200) && codes.has(299) && !codes.has(300));
        assert_eq!(codes.to_string(), "200-299");
        assert_eq!("200".parse(), Ok(StatusCodes::OK));
        for text in [
            "",
            "20",
            "2000",
            "+20",
            "600",
            "099",
            "299-200",
            "200-",
            "2xx",
            "200-299-300",
        ] {
            assert!(text.parse::<StatusCodes>().is_err(), "{text}");
        }
    }
}
