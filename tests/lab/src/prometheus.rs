//! A real Prometheus on a host, that scrapes our daemon there and evaluates our rules.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::requirements::program;
use crate::{Context, Error, Host, PATIENCE, Process, Result};

/// Where it listens, on its host's own loopback.
const ADDRESS: &str = "127.0.0.1:9090";

/// A running Prometheus.
pub struct Prometheus<'lab> {
    host: &'lab Host,
    process: Process,
}

impl<'lab> Prometheus<'lab> {
    /// Starts it: every second it scrapes `target` as the job `anycastctl`, and evaluates `rules`.
    pub fn start(host: &'lab Host, target: &str, rules: &Path) -> Result<Self> {
        let directory = host.directory().join("prometheus");
        std::fs::create_dir_all(&directory).context(directory.display())?;
        let configuration = directory.join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}
rule_files: [\"{}\"]
scrape_configs:
  - job_name: anycastctl
    static_configs: [{{ targets: [\"{target}\"] }}]
",
            rules.display()
        );
        std::fs::write(&configuration, text).context(configuration.display())?;
        let path = program("prometheus").ok_or_else(|| Error::new("no program `prometheus`"))?;
        let mut command = Command::new(path);
        command
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.join("data").display()
            ))
            .arg(format!("--web.listen-address={ADDRESS}"))
            .arg("--log.level=warn");
        let process = host.spawn("prometheus", &mut command)?;
        let prometheus = Self { host, process };
        prometheus
            .process
            .until("Prometheus", || prometheus.get("/-/ready"))?;
        Ok(prometheus)
    }

    /// What its API says about a query at this moment: JSON.
    pub fn query(&self, expression: &str) -> Result<String> {
        self.get(&format!("/api/v1/query?query={}", encoded(expression)))
    }

    /// The body of one of its pages. A bad status is an error.
    pub fn get(&self, path: &str) -> Result<String> {
        let answer = self
            .host
            .http(ADDRESS, &format!("GET {path} HTTP/1.0\r\n\r\n"))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if head.split(' ').nth(1) == Some("200") {
            Ok(body.to_owned())
        } else {
            Err(Error::new(answer))
        }
    }
}

impl Host {
    /// Sends a request over HTTP/1.0, or anything, from inside this host, and reads until the other side hangs up.
    pub fn http(&self, address: &str, request: &str) -> Result<String> {
        let exchange = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(request.as_bytes())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(String::from_utf8_lossy(&answer).into_owned())
        };
        self.enter(exchange)?.context(address)
    }
}

/// A text as part of a URL.
fn encoded(text: &str) -> String {
    let each = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    each.collect()
}
