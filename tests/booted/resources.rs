//! Nothing left: of the disk, of `/run`, of descriptors.

use lab::{Error, Result, Service, Settings};

use crate::node::{BOTH, Node, lab, settings};

/// The DNS server answers no more, and later again: without a file being written or a process started. What was
/// given up meanwhile is taken, too.
fn outage(node: &Node<'_>, row: &str, directory: &str) -> Result<()> {
    let witness = node.witness()?;
    node.succeed("systemctl kill --signal=STOP unbound")?;
    node.lacks(&BOTH)?;
    fill(node, directory)?;
    node.succeed("systemctl kill --signal=CONT unbound")?;
    node.has(&BOTH)?;
    node.lost(row, witness)
}

/// Fills a file system to its last byte.
fn fill(node: &Node<'_>, directory: &str) -> Result<()> {
    node.succeed(&format!(
        "for size in 1M 4k 1; do dd if=/dev/zero bs=$size >>{directory}/filler 2>/dev/null || true; done; \
         ! echo full >{directory}/more"
    ))
    .map(drop)
}

#[test]
fn with_a_full_disk_it_withdraws_and_announces_and_says_so() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    fill(&node, "/var")?;
    outage(&node, "/var full, the DNS server hangs meanwhile", "/var")?;
    // An order is in force, and told as not kept.
    let order = node.run("anycastctl drain resolver --reason test")?;
    assert_eq!(order.code, Some(4), "{order:?}");
    assert!(order.complaint.contains("No space left"), "{order:?}");
    node.run("anycastctl undrain resolver")?;
    node.succeed("rm /var/filler /var/more")?;
    node.settled().map(drop)
}

#[test]
fn with_a_full_run_it_withdraws_and_says_what_it_cannot_write() -> Result<()> {
    let lab = lab()?;
    // Nor does the journal give room back.
    let node = Node::prepared(&lab, &settings(), |files| {
        let elsewhere = files.join("etc/systemd/journald.conf.d");
        std::fs::create_dir_all(&elsewhere)?;
        std::fs::write(
            elsewhere.join("test.conf"),
            "[Journal]\nStorage=persistent\n",
        )?;
        Ok(())
    })?;
    node.has(&BOTH)?;
    node.settled()?;
    node.succeed("mount -o remount,size=8m /run")?;
    fill(&node, "/run")?;
    outage(&node, "/run full, the DNS server hangs meanwhile", "/run")?;
    let status = node.run("anycastctl status")?;
    assert!(status.output.contains("No space left"), "{status:?}");
    node.succeed("rm /run/filler /run/more")?;
    node.settled().map(drop)
}

/// How many descriptors a process of the controller's user may have from now on; those that it has stay open.
fn limit_descriptors(node: &Node<'_>, process: u32, limit: usize) -> Result<()> {
    let as_user = "setpriv --reuid=anycastctl --regid=anycastctl --clear-groups";
    node.succeed(&format!(
        "{as_user} prlimit --pid={process} --nofile={limit}:"
    ))
    .map(drop)
}

/// Nobody can ask the DNS server: held, and withdrawn once that has lasted too long.
#[test]
fn without_descriptors_it_holds_and_withdraws_after_stale_after() -> Result<()> {
    let lab = lab()?;
    // Over TCP each probe needs one.
    let check = "dns: { name: example.com, type: SOA, transport: tcp }";
    let stale = Settings::new([Service::new("resolver", &BOTH).only_check(check)]);
    let node = Node::announced(&lab, &stale.daemon("stale_after: 6s"))?;
    let (witness, before) = (node.witness()?, node.process("anycastctl")?);
    limit_descriptors(&node, before, 3)?;
    node.lacks(&BOTH)?;
    limit_descriptors(&node, before, 1024)?;
    node.has(&BOTH)?;
    if node.process("anycastctl")? != before {
        return Err(node.explain(&Error::new("it was started again")));
    }
    node.lost("no descriptors, stale_after: 6s", witness)
}

/// How many descriptors a process may have open.
fn allowed(node: &Node<'_>, process: u32) -> Result<Option<usize>> {
    let limits = node.succeed(&format!("cat /proc/{process}/limits"))?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    Ok(line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()))
}

/// What the unit gives is enough for most nodes; what a configuration needs beyond it is taken without anybody's help.
#[test]
fn a_large_configuration_gets_the_descriptors_that_it_needs() -> Result<()> {
    let lab = lab()?;
    let node = Node::announced(&lab, &settings())?;
    let process = node.process("anycastctl")?;
    assert_eq!(allowed(&node, process)?, Some(16384));

    let questions = ["{ name: example.com, type: SOA }"; 16].join(", ");
    let check = format!("dns: {{ questions: [{questions}] }}");
    let options = ["interval: 5s", "fall: 64", "rise: 1", "window: off"];
    let service = options
        .into_iter()
        .fold(Service::new("resolver", &BOTH), Service::with);
    let service = service.only_check(&check);
    let service = (1..9).fold(service, |service, _| service.check(&check));
    let text = Settings::new([service]).for_machine()?;
    node.write("/etc/anycastctl/config.yaml", &text)?;
    node.succeed("anycastctl reload")?;
    // 9 checks at 2 addresses: 64 looks of 16 questions; a standing connection to each address.
    let needed = 512 + 9 * 2 * 64 * 16 + 2;
    assert_eq!(allowed(&node, process)?, Some(needed));
    let status = node.run("anycastctl status")?;
    assert!(!status.output.contains("LimitNOFILE"), "{status:?}");
    Ok(())
}
