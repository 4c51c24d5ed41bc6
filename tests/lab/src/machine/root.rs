//! The roots that machines start with: made once, kept below `target`, and never written to again.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{Context, Error, Result, requirements};

/// How a root is made.
const RECIPE: &str = include_str!("root.sh");

/// A Debian 12 with `bird2` and `unbound`, and with nothing of ours.
pub(super) fn debian(cache: &Path) -> Result<PathBuf> {
    requirements::check_for_machines()?;
    let root = cache.join(format!("debian-{:016x}", hash(&RECIPE)));
    make_once(cache, &root, |unfinished| {
        succeed("debootstrap", private(RECIPE).arg(unfinished))
    })?;
    Ok(root)
}

/// The same with packages installed: what they change, as a layer to be put on top of `root`.
pub(super) fn with_package(cache: &Path, root: &Path, package: &Path) -> Result<PathBuf> {
    let content = std::fs::read(package).context(package.display())?;
    let layer = cache.join(format!("package-{:016x}", hash(&(root, content))));
    make_once(cache, &layer, |unfinished| {
        succeed(
            "dpkg",
            private(INSTALL).arg(root).arg(unfinished).arg(package),
        )
    })?;
    Ok(layer)
}

/// Installs a package into a root that does not run, and keeps what has changed.
const INSTALL: &str = r#"
root=$1 layer=$2 package=$3
rm -rf "$layer.work" "$layer.root"
mkdir -p "$layer" "$layer.work" "$layer.root"
mount -t overlay -o "lowerdir=$root,upperdir=$layer,workdir=$layer.work" overlay "$layer.root"
cp "$package" "$layer.root/package.deb"
status=0
chroot "$layer.root" dpkg --install /package.deb >&2 || status=$?
rm "$layer.root/package.deb"
umount "$layer.root"
rm -rf "$layer.work" "$layer.root"
exit $status
"#;

/// Makes a directory under a lock, by making an unfinished one and giving it its name at last.
fn make_once(cache: &Path, directory: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    std::fs::create_dir_all(cache).context(cache.display())?;
    let lock = cache.join("lock");
    let lock = File::create(&lock).context(lock.display())?;
    lock.lock().context("lock of the roots")?;
    if directory.exists() {
        return Ok(());
    }
    let unfinished = directory.with_extension("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).context(unfinished.display())?;
    }
    make(&unfinished)?;
    std::fs::rename(&unfinished, directory).context(directory.display())
}

/// A shell with this script, whose mounts are its own and whose processes end with the calling thread.
fn private(script: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid"])
        .args(["--fork", "--kill-child=KILL", "--mount-proc"])
        .args(["sh", "-eu", "-c", script, "sh"])
        .stdin(std::process::Stdio::null());
    command
}

fn succeed(what: &str, command: &mut Command) -> Result<()> {
    let Output {
        status,
        stderr,
        stdout,
    } = command.output().context(what)?;
    if status.success() {
        return Ok(());
    }
    let [said, complaint] =
        [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Err(Error::new(format!("{what}: {status}\n{said}\n{complaint}")))
}

fn hash(content: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
