//! GnuPG's opinion of what we write and show: blocks signed by two, and what a certificate says of itself.

// A test fails by panicking, in its helpers too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic and print; clippy takes the helpers of an integration test for production code"
)]

mod openpgp_support;

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use health_crypto_core::openpgp::{
    Candidate, Certificate, CombineError, Status, combine, overall, verify,
};
use openpgp_support::*;

/// A GnuPG that is asked for its opinion.
struct Gpg(programs::Gpg);

impl Gpg {
    fn new() -> Option<Gpg> {
        programs::Gpg::new().map(Gpg)
    }

    /// Runs gpg as of a day: whether it was content, and its output.
    fn try_run(&self, days: i64, arguments: &[&str], input: &str) -> (bool, Vec<u8>, String) {
        let mut command = self.0.standing_still(days, "", arguments);
        let output = programs::output(&mut command, input.as_bytes());
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), output.stdout, words)
    }

    fn run(&self, days: i64, arguments: &[&str], input: &str) -> String {
        let (content, output, words) = self.try_run(days, arguments, input);
        assert!(content, "gpg {arguments:?}: {words}");
        String::from_utf8(output).unwrap()
    }

    fn export(&self, name: &str) -> Certificate {
        let armor = self.run(0, &["--armor", "--export", name], "");
        Certificate::parse(armor.as_bytes()).unwrap()
    }

    fn keyring(&self, names: &[&str]) -> Memory {
        let candidates = names.iter().map(|name| Candidate {
            certificate: Rc::new(self.export(name)),
            authorized: true,
        });
        Memory(candidates.collect())
    }

    /// The primary fingerprints whose signatures gpg calls valid, in the order of the block; and whether it was content
    /// with the whole.
    fn valid(&self, block: &str, of: Option<&str>) -> (bool, Vec<String>) {
        let signature = self.0.home.join("block.asc");
        std::fs::write(&signature, block).unwrap();
        let mut arguments = vec!["--status-fd", "1", "--verify", signature.to_str().unwrap()];
        let file = self.0.home.join("signed");
        if let Some(text) = of {
            std::fs::write(&file, text).unwrap();
            arguments.push(file.to_str().unwrap());
        }
        let (content, status, _) = self.try_run(20, &arguments, "");
        let status = String::from_utf8(status).unwrap();
        let signers = status
            .lines()
            .filter_map(|line| line.strip_prefix("[GNUPG:] VALIDSIG "))
            .map(|line| line.split(' ').next_back().unwrap().to_owned());
        (content, signers.collect())
    }
}

const SIGNERS: [(&str, &str, &str); 3] = [
    ("alice", "ed25519", "SHA256"),
    ("bob", "rsa2048", "SHA512"),
    ("carol", "nistp256", "SHA384"),
];

fn signers() -> Option<Gpg> {
    let gpg = Gpg::new()?;
    for (name, algorithm, _) in SIGNERS {
        gpg.run(
            0,
            &["--quick-gen-key", name, algorithm, "sign", "never"],
            "",
        );
    }
    Some(gpg)
}

fn signed(gpg: &Gpg, index: usize, days: i64, form: &[&str], text: &str) -> String {
    let (name, _, hash) = SIGNERS[index];
    gpg.run(
        days,
        &[&["-u", name, "--digest-algo", hash], form].concat(),
        text,
    )
}

/// Everything of a cleartext block before its signature, without the Hash headers.
fn without_hashes(block: &str) -> String {
    let text = block.split("-----BEGIN PGP SIGNATURE-----").next().unwrap();
    text.lines()
        .filter(|line| !line.starts_with("Hash: "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn countersigned_blocks_are_good_to_gpg_and_to_us() {
    let Some(gpg) = signers() else { return };
    let names = SIGNERS.map(|(name, _, _)| name);
    let fingerprints = names.map(|name| gpg.export(name).fingerprint().to_string());
    let keyring = &mut gpg.keyring(&names);
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0]] {
        let blocks: Vec<String> = order
            .iter()
            .enumerate()
            .map(|(place, index)| {
                let days = 10 + i64::try_from(place).unwrap();
                signed(&gpg, *index, days, &["--clearsign"], &payload())
            })
            .collect();
        let mut block = blocks[0].clone();
        for count in 2..=3 {
            let before = block.clone();
            block = combine(&block, &blocks[count - 1]).unwrap();
            // What was there is there: the text, the header, the packets.
            assert_eq!(without_hashes(&block), without_hashes(&before));
            assert!(block.contains(before.lines().nth(1).unwrap()), "{block}");
            let expected: Vec<String> = order[..count]
                .iter()
                .map(|index| fingerprints[*index].clone())
                .collect();
            assert_eq!(gpg.valid(&block, None), (true, expected.clone()), "{block}");
            let verdicts = verdicts(&block, day(20), keyring);
            assert!(verdicts.iter().all(|v| v.status == Status::Valid));
            let ours: Vec<String> = verdicts
                .iter()
                .map(|v| v.signer.as_ref().unwrap().to_string())
                .collect();
            assert_eq!(ours, expected);
            // The packets that were there, bit for bit.
            let times: Vec<_> = verdicts.iter().map(|v| v.signed_at).collect();
            let alone = verify(&payload(), &before, day(20), keyring);
            assert_eq!(
                times[..count - 1],
                alone.iter().map(|v| v.signed_at).collect::<Vec<_>>()
            );
            assert_eq!(packets(&block)[..packets(&before).len()], packets(&before));
        }
        // gpg names every hash that it has to compute, and so do we: each once.
        let mut hashes: Vec<&str> = block
            .lines()
            .filter_map(|line| line.strip_prefix("Hash: "))
            .collect();
        hashes.sort_unstable();
        assert_eq!(hashes, ["SHA256", "SHA384", "SHA512"]);
        // A tampered text spoils all of it, for both.
        let tampered = block.replacen("0123", "1123", 1);
        assert_eq!(gpg.valid(&tampered, None), (false, vec![]));
        assert_eq!(word(&tampered, day(20), keyring), "bad");
        // Through a form that makes CRLF of its lines.
        let crlf = blocks[0].replace('\n', "\r\n");
        let both = combine(&crlf, &blocks[1]).unwrap();
        assert_eq!(both.matches("\r\n").count(), both.matches('\n').count());
        assert_eq!(gpg.valid(&both, None).1.len(), 2);
        assert_eq!(word(&both, day(20), keyring), "valid");
    }
}

/// The decoded armor of a block.
fn packets(block: &str) -> Vec<u8> {
    use sequoia_openpgp::armor::{Kind, Reader, ReaderMode};
    let armor = &block[block.find("-----BEGIN PGP SIGNATURE-----").unwrap()..];
    let mut bytes = Vec::new();
    let mode = ReaderMode::Tolerant(Some(Kind::Signature));
    let mut reader = Reader::from_bytes(armor.as_bytes(), mode);
    std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
    bytes
}

#[test]
fn detached_signatures_go_together() {
    let Some(gpg) = signers() else { return };
    let keyring = &mut gpg.keyring(&["alice", "bob"]);
    let form = ["--armor", "--detach-sign"];
    let one = signed(&gpg, 0, 10, &form, &payload());
    let other = signed(&gpg, 1, 11, &form, &payload());
    let both = combine(&one, &other).unwrap();
    assert!(gpg.valid(&both, Some(&payload())).0);
    assert_eq!(gpg.valid(&both, Some(&payload())).1.len(), 2);
    assert_eq!(word(&both, day(20), keyring), "valid");
    assert_eq!(verdicts(&both, day(20), keyring).len(), 2);
    assert!(!both.contains("Hash"));
}

#[test]
fn what_does_not_go_together() {
    let Some(gpg) = signers() else { return };
    let clear = signed(&gpg, 0, 10, &["--clearsign"], &payload());
    let other = signed(&gpg, 1, 10, &["--clearsign"], "another text");
    let detached = signed(&gpg, 1, 10, &["--armor", "--detach-sign"], &payload());
    let inline = ["--armor", "--compress-algo", "none", "--sign"];
    let inline = signed(&gpg, 1, 10, &inline, &payload());
    for (one, two, why) in [
        (&clear, &clear, CombineError::Repeated),
        (&clear, &other, CombineError::Text),
        (&clear, &detached, CombineError::Form),
        (&detached, &clear, CombineError::Form),
        (&clear, &inline, CombineError::Form),
        (&inline, &inline, CombineError::Form),
    ] {
        assert_eq!(combine(one, two), Err(why));
    }
    // One and the same certificate may not be told from its packets alone; verification names it twice.
    let again = signed(&gpg, 0, 11, &["--clearsign"], &payload());
    let keyring = &mut gpg.keyring(&["alice"]);
    let twice = verdicts(&combine(&clear, &again).unwrap(), day(20), keyring);
    assert_eq!(overall(&twice), Status::Valid);
    assert_eq!(twice[0].signer, twice[1].signer);
    // Sixteen signatures at most, as in any block.
    let mut block = clear;
    for second in 1..16 {
        let at = (day(12) + Duration::from_secs(second))
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let at = format!("{at}!");
        let more = gpg.run(
            0,
            &["--faked-system-time", &at, "-u", "alice", "--clearsign"],
            &payload(),
        );
        block = combine(&block, &more).unwrap();
    }
    let one_more = signed(&gpg, 1, 14, &["--clearsign"], &payload());
    assert_eq!(combine(&block, &one_more), Err(CombineError::TooLarge));
}

/// What `gpg --show-keys` says of a certificate: user ids that are not revoked, expiry, revoked, can sign, can encrypt.
type Shown = (Vec<String>, Option<u64>, bool, bool, bool);

fn shown(gpg: &Gpg, days: i64, armor: &str) -> Shown {
    let colons = gpg.run(days, &["--with-colons", "--show-keys"], armor);
    let (mut user_ids, mut expires, mut revoked, mut usage) =
        (Vec::new(), None, false, String::new());
    for line in colons.lines() {
        let field: Vec<&str> = line.split(':').collect();
        match field[0] {
            "pub" => {
                expires = field[6].parse().ok();
                revoked = field[1] == "r";
                field[11].clone_into(&mut usage);
            }
            // Of a revoked key gpg calls every user id revoked.
            "uid" if revoked || field[1] != "r" => user_ids.push(field[9].replace("\\x3a", ":")),
            _ => {}
        }
    }
    user_ids.sort();
    (
        user_ids,
        expires,
        revoked,
        usage.contains('S'),
        usage.contains('E'),
    )
}

fn described(days: i64, armor: &str) -> Shown {
    let description = Certificate::parse(armor.as_bytes())
        .unwrap()
        .description(day(days));
    let mut user_ids = description.user_ids;
    user_ids.sort();
    let expires = description
        .expires
        .map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs());
    (
        user_ids,
        expires,
        description.revoked,
        description.can_sign,
        description.can_encrypt,
    )
}

#[test]
fn certificates_show_what_gpg_shows() {
    let Some(gpg) = Gpg::new() else { return };
    let fingerprint = |name: &str| gpg.export(name).fingerprint().to_string();
    let generate = |name: &str, algorithm: &str, usage: &str, expire: &str| {
        gpg.run(0, &["--quick-gen-key", name, algorithm, usage, expire], "");
    };
    let mut compared = 0;
    let mut same = |name: &str, days: &[i64]| {
        let armor = gpg.run(40, &["--armor", "--export", name], "");
        for days in days {
            assert_eq!(
                described(*days, &armor),
                shown(&gpg, *days, &armor),
                "{name}, day {days}"
            );
            compared += 1;
        }
    };
    generate("signer <signer@example.org>", "ed25519", "sign", "never");
    same("signer", &[1, 50, 5000]);
    generate("brief: 30 days", "rsa2048", "sign", "30d");
    same("brief", &[1, 29, 31, 5000]);
    gpg.run(25, &["--quick-set-expire", &fingerprint("brief"), "1y"], "");
    same("brief", &[31, 5000]);
    generate("certifier", "ed25519", "cert", "never");
    same("certifier", &[1]);
    gpg.run(
        5,
        &[
            "--quick-add-key",
            &fingerprint("certifier"),
            "ed25519",
            "sign",
            "20d",
        ],
        "",
    );
    gpg.run(
        5,
        &[
            "--quick-add-key",
            &fingerprint("certifier"),
            "cv25519",
            "encr",
            "30d",
        ],
        "",
    );
    same("certifier", &[10, 30, 50]);
    generate("married", "nistp256", "sign", "never");
    gpg.run(
        5,
        &["--quick-add-uid", &fingerprint("married"), "other name"],
        "",
    );
    same("married", &[10]);
    gpg.run(
        9,
        &["--quick-revoke-uid", &fingerprint("married"), "married"],
        "",
    );
    same("other name", &[10, 50]);
    generate("compromised", "ed25519", "sign", "never");
    let name = format!("{}.rev", fingerprint("compromised"));
    let prepared = std::fs::read_to_string(gpg.0.home.join("openpgp-revocs.d").join(name)).unwrap();
    gpg.run(15, &["--import"], &prepared.replace(":-----", "-----"));
    same("compromised", &[20]);
    assert_eq!(compared, 17);
}
