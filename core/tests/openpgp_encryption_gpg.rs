//! GnuPG as the judge: it reads what we encrypt, and we read what it encrypts.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::io::Read;
use std::process::{Command, Output};
use std::rc::Rc;

use health_crypto_core::openpgp::Certificate;
use health_crypto_core::openpgp::encryption::*;
use openpgp_support::*;
use sequoia_openpgp::armor::{Kind, Reader, ReaderMode};

const TEXT: &str = "Amoxicilina 500 mg ÷ día – 7 días\ncon comida\n";
const PASSPHRASE: &str = "open sesame";

/// A GnuPG whose secret keys have a passphrase.
struct Gpg(programs::Gpg);

impl Gpg {
    fn new() -> Option<Gpg> {
        programs::Gpg::new().map(Gpg)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let all = [&["--trust-model", "always"], arguments].concat();
        self.0.standing_still(10, PASSPHRASE, &all)
    }

    fn output(&self, arguments: &[&str], input: &[u8]) -> Output {
        programs::output(&mut self.command(arguments), input)
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        programs::printed(&mut self.command(arguments), input)
    }

    fn text(&self, arguments: &[&str], input: &[u8]) -> String {
        String::from_utf8(self.run(arguments, input)).unwrap()
    }

    /// A key that signs, with a subkey of that algorithm that encrypts.
    fn key(&self, name: &str, primary: &str, encrypting: &str) {
        self.run(&["--quick-gen-key", name, primary, "sign", "never"], b"");
        let listing = self.text(&["--with-colons", "--list-keys", name], b"");
        let fingerprint = listing
            .lines()
            .find(|l| l.starts_with("fpr"))
            .unwrap()
            .split(':')
            .nth(9)
            .unwrap();
        self.run(
            &["--quick-add-key", fingerprint, encrypting, "encr", "never"],
            b"",
        );
    }

    fn certificate(&self, name: &str) -> Rc<Certificate> {
        Rc::new(Certificate::parse(&self.run(&["--export", name], b"")).unwrap())
    }

    fn secret_key(&self, name: &str) -> SecretKey {
        let text = self.text(&["--armor", "--export-secret-keys", name], b"");
        SecretKey::parse(&text).unwrap()
    }

    /// The session key of a message, as gpg prints it for its recipient.
    fn session_key(&self, message: &str) -> SessionKey {
        let output = self.output(&["--show-session-key", "--decrypt"], message.as_bytes());
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        let quoted = printed.split("session key: '").nth(1).unwrap();
        SessionKey::parse(quoted.split('\'').next().unwrap()).unwrap()
    }
}

const KINDS: [(&str, &str, &str); 4] = [
    ("rsa", "ed25519", "rsa3072"),
    ("x25519", "ed25519", "cv25519"),
    ("p256", "nistp256", "nistp256"),
    ("p384", "nistp384", "nistp384"),
];

#[test]
fn gpg_reads_what_we_encrypt() {
    let Some(gpg) = Gpg::new() else { return };
    for (name, primary, encrypting) in KINDS {
        gpg.key(name, primary, encrypting);
        let recipients = [gpg.certificate(name)];
        for size in [0, 100, 1 << 20] {
            let text: Vec<u8> = TEXT.bytes().cycle().take(size).collect();
            let encrypted = encrypt(&text, &recipients, "place", day(10)).unwrap();
            let read = gpg.run(&["--decrypt"], encrypted.message.as_bytes());
            assert_eq!(read, text, "{name} {size}");
            // What gpg tells the recipient opens it here, and is what it was encrypted with.
            let key = gpg.session_key(&encrypted.message);
            let message = Message::read(&encrypted.message).unwrap();
            assert_eq!(
                decrypt_with_session_key(&message, &key).unwrap().bytes,
                text
            );
        }
        let encrypted = encrypt(TEXT.as_bytes(), &recipients, "place", day(10)).unwrap();
        let listing = gpg.text(&["--list-packets"], encrypted.message.as_bytes());
        assert!(listing.contains("mdc_method: 2"), "{listing}");
        assert!(listing.contains("name=\"place\""), "{listing}");
        assert!(!listing.contains("compressed packet"), "{listing}");
    }
    // All of them at once: each reads it alone.
    let all: Vec<_> = KINDS
        .iter()
        .map(|(name, ..)| gpg.certificate(name))
        .collect();
    let encrypted = encrypt(TEXT.as_bytes(), &all, "", day(10)).unwrap();
    for (name, ..) in KINDS {
        let read = gpg.run(
            &["--try-secret-key", name, "--decrypt"],
            encrypted.message.as_bytes(),
        );
        assert_eq!(read, TEXT.as_bytes(), "{name}");
        let message = Message::read(&encrypted.message).unwrap();
        let contents =
            decrypt_with_secret_key(&message, &mut gpg.secret_key(name).unlock(PASSPHRASE));
        assert_eq!(contents.unwrap().bytes, TEXT.as_bytes(), "{name}");
    }
}

#[test]
fn we_read_what_gpg_encrypts() {
    let Some(gpg) = Gpg::new() else { return };
    for (name, primary, encrypting) in KINDS {
        gpg.key(name, primary, encrypting);
    }
    let read = |message: &str| {
        let parsed = Message::read(message).unwrap();
        let contents = decrypt_with_session_key(&parsed, &gpg.session_key(message));
        contents.unwrap().into_text().unwrap()
    };
    // gpg compresses unless told otherwise; long texts so that it pays.
    let long = TEXT.repeat(5_000);
    for (name, ..) in KINDS {
        let message = gpg.text(&["--armor", "-r", name, "--encrypt"], long.as_bytes());
        assert!(
            message.len() < long.len() / 10,
            "compressed: {}",
            message.len()
        );
        assert_eq!(read(&message), long);
        let parsed = Message::read(&message).unwrap();
        let contents =
            decrypt_with_secret_key(&parsed, &mut gpg.secret_key(name).unlock(PASSPHRASE));
        assert_eq!(contents.unwrap().bytes, long.as_bytes(), "{name}");
    }
    for arguments in [
        &["--textmode"][..],
        &["--sign"],
        &["--sign", "--local-user", "rsa", "--local-user", "x25519"],
        &["--compress-algo", "none"],
        &["--compress-algo", "zip"],
        &["--compress-algo", "zlib"],
        &["--cipher-algo", "AES128"],
        &["--cipher-algo", "AES192"],
        &["--cipher-algo", "AES256"],
        &["--comment", "from the ward", "--emit-version"],
        &["-r", "x25519", "-r", "p384"],
        &["--set-filename", "somewhere"],
    ] {
        let base = ["--armor", "-r", "rsa", "--encrypt"];
        let message = gpg.text(&[arguments, &base].concat(), TEXT.as_bytes());
        assert_eq!(read(&message), TEXT, "{arguments:?}");
    }
    let hidden = gpg.text(
        &["--armor", "--hidden-recipient", "p256", "--encrypt"],
        TEXT.as_bytes(),
    );
    assert_eq!(read(&hidden), TEXT);
    // To somebody else, or with the wrong passphrase.
    let message = gpg.text(&["--armor", "-r", "rsa", "--encrypt"], TEXT.as_bytes());
    let parsed = Message::read(&message).unwrap();
    assert!(
        decrypt_with_secret_key(&parsed, &mut gpg.secret_key("p256").unlock(PASSPHRASE)).is_err()
    );
    assert!(
        decrypt_with_secret_key(&parsed, &mut gpg.secret_key("rsa").unlock("open barley")).is_err()
    );
    // By password only: nobody's secret key opens it, and the session key does.
    let message = gpg.text(&["--armor", "--symmetric"], TEXT.as_bytes());
    assert_eq!(Message::read(&message).unwrap().recipients(), ["password"]);
}

#[test]
fn gpg_refuses_what_was_changed_and_so_do_we() {
    let Some(gpg) = Gpg::new() else { return };
    gpg.key("x25519", "ed25519", "cv25519");
    let recipients = [gpg.certificate("x25519")];
    let encrypted = encrypt(TEXT.as_bytes(), &recipients, "", day(10)).unwrap();
    let mut reader = Reader::from_reader(encrypted.message.as_bytes(), ReaderMode::VeryTolerant);
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    assert_eq!(gpg.run(&["--decrypt"], &bytes), TEXT.as_bytes());
    // Within the text, and in the code at its end.
    for from_end in [30, 5] {
        let mut changed = bytes.clone();
        let place = changed.len() - from_end;
        changed[place] ^= 1;
        assert!(!gpg.output(&["--decrypt"], &changed).status.success());
        let text = armored_bytes(Kind::Message, &changed);
        let message = Message::read(&text).unwrap();
        assert!(decrypt_with_session_key(&message, &encrypted.session_key).is_err());
    }
}
