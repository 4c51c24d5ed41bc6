//! README.md leads from a package to an announced prefix: every command of it, as it stands there.

use std::path::Path;

use lab::{Context as _, Error, Lab, Machine, Outcome, Result};

use crate::node::{package, roots};

/// The prefix that README.md announces.
const PREFIX: &str = "192.0.2.53/32";

/// The router that README.md announces it to: plain BGP, neither a password nor BFD.
const ROUTER: &str = "log stderr all;
router id 10.99.0.1;
protocol device { }
protocol bgp bgp_node {
  local 10.99.0.1 as 64600;
  neighbor 10.99.0.2 as 64601;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  ipv4 { import all; export none; };
}
";

/// Where an administrator has put the package.
const HOME: &str = "/root";

#[test]
fn a_package_becomes_an_announced_prefix_as_readme_says() -> Result<()> {
    let lab = Lab::new(&[])?;
    let neighbor = lab.start_neighbor_with(ROUTER)?;
    let machine = Machine::boot(&lab, &roots().debian()?, fresh)?;
    let package = package()?;
    let name = package.file_name().unwrap_or_default().display();
    machine.copy(&package, &format!("{HOME}/{name}"))?;

    let said = machine.run(&told(&commands()?))?;
    // `diff` finds what `apply` is about to change, and nothing is announced before five good answers.
    let unhappy: Vec<&str> = said.complaint.lines().filter_map(failure).collect();
    if unhappy != ["1 anycastctl diff", "1 anycastctl status"] {
        return Err(machine.explain(&Error::new(told_all(&said))));
    }
    lab::wait_until("the prefix at the neighbour", lab::PATIENCE, || {
        neighbor.has(&[PREFIX])
    })
    .map_err(|error| machine.explain(&Error::new(format!("{error}\n{}", told_all(&said)))))?;
    lab::wait_until(
        "a status that exits with 0",
        lab::PATIENCE,
        || match machine.run("anycastctl status")? {
            said if said.code == Some(0) => Ok(()),
            said => Err(Error::new(told_all(&said))),
        },
    )
}

/// Debian's own configuration of its DNS server, instead of the lab's.
fn fresh(files: &Path) -> Result<()> {
    let ours = files.join("etc/unbound/unbound.conf.d/example.conf");
    std::fs::remove_file(&ours).context(ours.display())
}

/// The commands that follow the package's.
fn commands() -> Result<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&readme).context(readme.display())?;
    let mut blocks = text.split("```sh\n").skip(1);
    let block = blocks.find(|block| block.starts_with("apt install -y "));
    let block = block.and_then(|block| block.split("```").next());
    let block = block.ok_or_else(|| Error::new("README.md has no commands"))?;
    Ok(block.to_owned())
}

/// What comes before a command that did not exit with 0, and its code.
const FAILURE: &str = "exit code ";

/// The commands in a shell that goes on after each, as one who types does, and names what did not exit with 0.
fn told(commands: &str) -> String {
    format!(
        "cd {HOME}\nbash <<'README'\ntrap 'echo \"{FAILURE}$? $BASH_COMMAND\" >&2' ERR\n{commands}README\n"
    )
}

fn failure(line: &str) -> Option<&str> {
    line.strip_prefix(FAILURE)
}

fn told_all(said: &Outcome) -> String {
    format!("{}\n{}", said.output, said.complaint)
}
