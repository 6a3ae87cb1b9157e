//! The programs that people sign with, each with a home of its own and its clock set where a test needs it.
//!
//! Tests are skipped without them, and say so; not under continuous integration, where they must be there.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use health_crypto_core::openpgp::Certificate;

use super::{Memory, day, keyring_of, note, skipped};

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Seconds of 1970 on a day, as programs are told the time.
fn seconds(days: i64) -> u64 {
    day(days)
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// Runs a program with `input`. That is written beside the reading: a program that answers before it has read all would
/// wait for its reader, and one that does not want all may end.
pub fn output(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    })
}

/// What a program prints that must be content.
pub fn printed(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let output = output(command, input);
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// A GnuPG home of its own: under a short path, for its sockets. Gone, with its agent, when dropped.
pub struct Gpg {
    pub home: PathBuf,
}

fn is_there(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    if !found {
        skipped(&format!("there is no {program}"));
    }
    found
}

impl Gpg {
    /// `None` where there is no gpg.
    pub fn new() -> Option<Gpg> {
        if !is_there("gpg") {
            return None;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("hc{}-{number}", std::process::id()));
        std::fs::create_dir(&home).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&home, private).unwrap();
        Some(Gpg { home })
    }

    /// gpg with this home, asking nobody anything.
    fn command(&self, passphrase: &str, clock: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("gpg");
        command
            .env("GNUPGHOME", &self.home)
            .args(["--batch", "--yes", "--quiet", "--no-tty"])
            .args(["--pinentry-mode", "loopback", "--passphrase", passphrase])
            .args(["--faked-system-time", clock])
            .args(arguments);
        command
    }

    /// Runs gpg as of a day, with `input`; its output.
    pub fn run(&self, days: i64, arguments: &[&str], input: &str) -> Vec<u8> {
        let mut command = self.command("", &seconds(days).to_string(), arguments);
        printed(&mut command, input.as_bytes())
    }

    /// gpg with a passphrase for secret keys, and with its clock standing still on a day.
    pub fn standing_still(&self, days: i64, passphrase: &str, arguments: &[&str]) -> Command {
        self.command(passphrase, &format!("{}!", seconds(days)), arguments)
    }

    pub fn sign(&self, days: i64, arguments: &[&str], input: &str) -> String {
        String::from_utf8(self.run(days, arguments, input)).unwrap()
    }

    /// Revokes a key as of a day, for a reason as gpg's dialogue numbers it: 0 none, 1 compromised, 2 superseded, 3 not
    /// used any more.
    pub fn revoke(&self, days: i64, name: &str, reason: u8) {
        let dialogue = [
            "--no-batch",
            "--command-fd",
            "0",
            "--status-fd",
            "2",
            "--gen-revoke",
            name,
        ];
        let revocation = self.sign(days, &dialogue, &format!("y\n{reason}\n\ny\n"));
        self.run(days, &["--import"], &revocation);
    }

    /// Makes a key on day 0.
    pub fn key(&self, name: &str, algorithm: &str, usage: &str, expire: &str) {
        self.run(0, &["--quick-gen-key", name, algorithm, usage, expire], "");
    }

    /// All its certificates.
    pub fn keyring(&self) -> Memory {
        keyring_of(&self.run(0, &["--export"], ""))
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .env("GNUPGHOME", &self.home)
            .args(["--kill", "all"])
            .status();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Sequoia's command line, of the version that Debian 12 has.
pub struct Sq {
    folder: PathBuf,
}

impl Sq {
    /// `None` where there is no sq, or one with other arguments: they changed until 1.0.
    pub fn new() -> Option<Sq> {
        if !is_there("sq") {
            return None;
        }
        let version = Command::new("sq").arg("--version").output().unwrap().stdout;
        if !version.starts_with(b"sq 0.27.") {
            note("sq is not version 0.27");
            return None;
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("hcsq{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        Some(Sq { folder })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs sq; its output.
    pub fn run(&self, arguments: &[&str], input: &str) -> Vec<u8> {
        let mut command = Command::new("sq");
        command
            .current_dir(&self.folder)
            .arg("--force")
            .args(arguments);
        printed(&mut command, input.as_bytes())
    }

    /// The certificate in a file of its folder.
    pub fn certificate(&self, file: &str) -> Certificate {
        Certificate::parse(&self.run(&["key", "extract-cert", file], "")).unwrap()
    }
}

impl Drop for Sq {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A time as sq reads it.
pub fn iso(days: i64) -> String {
    let at = format!("@{}", seconds(days));
    let output = Command::new("date")
        .args(["-u", "-d", &at, "+%Y-%m-%dT%H:%M:%SZ"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}
