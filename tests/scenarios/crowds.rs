//! Many others want something of BIRD, or of the daemon, and the route goes all the same.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use lab::{ControlSocket, DnsServer, Lab, Result, Service, Settings, Software};

use crate::scene::{BOTH, Scene, lab, settings};

/// More than enough for a withdraw that nobody delays, on a busy machine.
const SOON: Duration = Duration::from_secs(6);

/// The server dies, and the routes go soon.
fn goes_soon(scene: &Scene, server: &mut DnsServer) -> Result<()> {
    let killed = Instant::now();
    server.kill()?;
    scene.lacks(&BOTH)?;
    assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
    Ok(())
}

#[test]
fn two_hundred_clients_of_bird() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let clients: Result<Vec<_>> = (0..200)
        .map(|_| ControlSocket::connect(scene.bird.socket()))
        .collect();
    let _clients = clients?;
    goes_soon(&scene, &mut server)
}

#[test]
fn a_client_of_bird_that_never_reads() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let mut client = UnixStream::connect(scene.bird.socket())?;
    client.set_write_timeout(Some(Duration::from_millis(100)))?;
    // As long as BIRD takes commands: their answers fill the socket long before.
    for _ in 0..500 {
        if client.write_all(b"show protocols all\n").is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    goes_soon(&scene, &mut server)
}

/// BIRD lets a handful of clients wait at its door: the others must knock again, and at once.
#[test]
fn many_services_die_at_once() -> Result<()> {
    let addresses: Vec<String> = (1..=20).map(|number| format!("192.0.2.{number}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let prefixes: Vec<String> = addresses
        .iter()
        .map(|address| format!("{address}/32"))
        .collect();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    let services: Vec<Service> = prefixes
        .iter()
        .enumerate()
        .map(|(number, prefix)| {
            Service::new(&format!("s{number}"), &[prefix]).with("require_address: true")
        })
        .collect();
    let lab = Lab::new(&addresses)?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &addresses)?;
    let scene = Scene::started(&lab, &Settings::new(services))?;
    scene.has(&prefixes)?;
    // One look at the host's addresses decides about all of them.
    lab.node().ip("addr flush dev lo scope global")?;
    scene.lacks(&prefixes)?;
    let log = scene.controller.log();
    assert!(!log.contains("not done yet"), "{log}");
    Ok(())
}

#[test]
fn many_clients_of_the_daemon() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let control = scene.controller.control();
    let mut clients = Vec::new();
    for number in 0..100 {
        let mut client = UnixStream::connect(&control)?;
        match number % 3 {
            0 => {}
            1 => client.write_all(b"\"sta")?,
            _ => client.write_all(b"\"status\"\n")?,
        }
        clients.push(client);
    }
    scene.status()?;
    goes_soon(&scene, &mut server)?;
    scene.desires("withdrawn")
}

#[test]
fn garbage_for_the_daemon() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let megabyte = vec![b'x'; 1 << 20];
    for garbage in [
        &b"\xff\xfe\x00\n"[..],
        b"\n",
        b"{\"status\":null}\n",
        &megabyte,
    ] {
        let mut client = UnixStream::connect(scene.controller.control())?;
        // It may stop reading before everything is sent.
        let _refused = client.write_all(garbage);
        let mut answer = String::new();
        let _hung_up = client.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.contains("error"), "{answer}");
    }
    scene.status()?;
    goes_soon(&scene, &mut server)
}

/// Asked without a pause, it does its work.
#[test]
fn status_without_a_pause() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = Scene::announced(&lab, &settings())?;
    let control = scene.controller.control();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let answered = UnixStream::connect(&control).and_then(|mut client| {
                    client.write_all(b"\"status\"\n")?;
                    client.read_to_end(&mut Vec::new())
                });
                answered.expect("a status");
            }
        });
        let result = goes_soon(&scene, &mut server);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        result
    })
}
