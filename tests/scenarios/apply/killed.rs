//! `kill -9` at any moment.

use super::*;

/// A second neighbour with a password of its own, which is never there: what changes between two applies.
fn add_neighbor(scene: &Scene) -> Result<()> {
    let file = scene.lab.node().directory().join("tor2.password");
    fs::write(&file, OTHER_PASSWORD)?;
    let neighbor = format!(
        "neighbors:\n  tor2:\n    asn: 64600\n    sessions: [{{ local: 10.99.0.2, remote: 10.99.0.9 }}]\n    password_file: {}\n",
        file.display()
    );
    edit(&scene.controller, "neighbors:\n", &neighbor)
}

/// Whatever is on the disk when an apply is killed, BIRD loads it; and the next apply sorts it out.
#[test]
fn killed_at_any_moment() -> Result<()> {
    let lab = lab()?;
    let (mut scene, _server) = Scene::announced(&lab, &settings())?;
    let before = scene.neighbor.updates()?;
    let without = fs::read_to_string(scene.controller.configuration())?;
    add_neighbor(&scene)?;
    let with = fs::read_to_string(scene.controller.configuration())?;
    let mut unconfirmed = 0;
    for turn in 0..24_u64 {
        let text = if turn % 2 == 0 { &with } else { &without };
        fs::write(scene.controller.configuration(), text)?;
        let process = scene
            .controller
            .start_command("apply", &["apply", "--confirm", "2s"])?;
        // The moment is what is tested: there is nothing else to wait for.
        std::thread::sleep(Duration::from_millis(5 + turn * turn * 3));
        process.kill()?;
        is_loaded(&scene).map_err(|error| Error::new(format!("turn {turn}: {error}")))?;
        unconfirmed += u32::from(is_tidy(&scene).is_err());
        are_hidden(&scene)?;
    }
    assert!(unconfirmed > 0, "none was killed in the middle");
    scene.was_told(before, 0, 0)?;
    let outcome = apply(&scene, &["--confirm", "5s"])?;
    ends(&outcome, 0, "")?;
    runs_what_is_rendered(&scene)?;
    scene.kill_bird()?;
    scene.bird.restart()?;
    scene.has(&BOTH)
}

/// No file with secrets, installed, kept or half-written, is for everybody.
fn are_hidden(scene: &Scene) -> Result<()> {
    for entry in fs::read_dir(scene.lab.node().directory())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let mode = entry.metadata()?.mode() & 0o7777;
        assert!(
            !name.contains("secrets") || mode & 0o004 == 0,
            "{name}: {mode:o}"
        );
    }
    Ok(())
}

/// By a BIRD that starts with what lies there.
fn is_loaded(scene: &Scene) -> Result<()> {
    let conf = files(scene)[0].display().to_string();
    let program = Bird::node_program().display().to_string();
    let arguments = ["-p", "-c", &conf];
    scene.lab.node().run(&program, &arguments).map(drop)
}

/// A killed apply is undone by BIRD itself; the next one knows the last good file all the same.
#[test]
fn killed_while_it_waits_for_a_broken_session() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings())?;
    let old = both(&scene)?;
    edit(&scene.controller, "asn: 64600", "asn: 64666")?;
    let process = scene
        .controller
        .start_command("apply", &["apply", "--confirm", "1s"])?;
    lab.wait_until("a lost session", || match scene.neighbor.lacks(&BOTH) {
        Ok(()) => process.kill().map(drop),
        Err(error) => Err(error),
    })?;
    is_loaded(&scene)?;
    assert!(is_tidy(&scene).is_err());
    // BIRD goes back within its own timeout of 22 s.
    scene.has(&BOTH)?;
    let outcome = apply(&scene, &["--confirm", "4s"])?;
    ends(&outcome, 1, "an earlier apply did not come to its end")?;
    ends(&outcome, 1, "all is as before")?;
    assert_eq!(both(&scene)?, old);
    is_tidy(&scene)?;
    edit(&scene.controller, "asn: 64666", "asn: 64600")?;
    ends(&apply(&scene, &[])?, 0, "")
}
