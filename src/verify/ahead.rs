//! Looking ahead: verify_all() runs a definition for many more documents at once than it judges at once.
//!
//! What a definition sets up each time it runs, above all the words that many documents share, is a third of its work by
//! 5000 documents and little by 50,000: 22.8 and 15.9 us of processor time for a prescription of GNU Health's
//! (docs/PERFORMANCE.md). Their texts would not fit into memory, so only their digests are kept: a document whose stored text
//! and digest have the digest seen ahead is the one that the definition gives. Whatever differs is put into words again when
//! it is judged, and so is everything that was sealed by another edition or in another language.

use std::collections::VecDeque;
use std::rc::Rc;

use health_crypto_core::digest::Digest;

use crate::document::edition::Edition;
use crate::document::fetch;
use crate::document::matching::{self, Wording};
use crate::document::registry::Document;
use crate::document::row::RootRow;
use crate::document::serialize::Reader;
use crate::document::statements::Share;
use crate::error::Result;
use crate::pg::caller::RunAs;
use crate::pg::snapshot::{self, Seen};
use crate::pg::spi::{Session, Snapshot};
use crate::pg::sub;

/// How many pages of documents are looked at ahead, mostly 40,000: with more the time a document hardly falls, and the memory
/// that the definition takes meanwhile grows (by 63 MB for 50,000 prescriptions, with PostgreSQL's default work_mem). Where
/// documents are large, pages are smaller.
pub const PAGES: i64 = 8;

/// The digests of documents in the words that most have: the current definition's, in the database's own language.
pub struct Ahead {
    document: Rc<Document>,
    language: Option<String>,
    seen: Option<Seen>,
    /// By key, in the order of the keys; those that have been judged are taken away.
    digests: VecDeque<(String, Option<Digest>)>,
}

impl Ahead {
    /// Looks at the documents of a share that follow a key, as a reader may see them: at most [`PAGES`] times `page`, which is
    /// how many are judged at once. `None` if there are no more than `page`, and where the definition fails for one of them,
    /// or for so many (temp_file_limit): what it does is found out when they are judged.
    ///
    /// # Errors
    /// What reading the root table raises.
    pub fn over(
        document: &Rc<Document>,
        reader: Reader,
        share: Share,
        after: Option<&str>,
        page: i64,
    ) -> Result<Option<Ahead>> {
        let session = Session::open();
        let keys = {
            let _role = reader.enter(document);
            document
                .sql
                .keys_of_share(&session, share, after, page * PAGES)?
        };
        if keys.len() as i64 <= page {
            return Ok(None);
        }
        let _role = RunAs::reader(document.owner);
        let language = matching::default_language(&session, document, Snapshot::Caller)?;
        let digests = sub::attempt_to_spare(|| {
            let session = Session::open();
            fetch::digests(
                &session,
                document,
                &document.current,
                &keys,
                language.as_deref(),
                Snapshot::Caller,
            )
        });
        Ok(digests.ok().map(|digests| Ahead {
            document: Rc::clone(document),
            language,
            seen: snapshot::seen(),
            digests: keys.into_iter().zip(digests).collect(),
        }))
    }

    /// How many of its documents have not been judged yet. None if what was seen is not what would be seen now: another
    /// snapshot shows other rows, and a document that was loaded anew may have another definition.
    pub fn left(&self, document: &Rc<Document>) -> i64 {
        if Rc::ptr_eq(&self.document, document) && self.seen == snapshot::seen() {
            self.digests.len() as i64
        } else {
            0
        }
    }

    /// Takes away what was seen of the documents that have been judged, which come in the order of their keys.
    pub fn judged(&mut self, documents: usize) {
        self.digests.drain(..documents.min(self.digests.len()));
    }

    /// Whether a row, the one at a place of the documents to be judged, has the text that the definition gives, digest
    /// included.
    pub fn knows(&self, place: usize, row: &RootRow) -> bool {
        let seen = self.digests.get(place).filter(|(key, _)| *key == row.key);
        match (&row.text, &row.digest, seen) {
            (Some(text), Some(digest), Some((_, Some(seen)))) => {
                seen.is_spelled(digest) && Digest::of(text) == *seen
            }
            _ => false,
        }
    }

    /// Whether it looked at documents in these words.
    pub fn is_in(&self, edition: i32, language: Option<&str>) -> bool {
        edition == self.document.current.number && language == self.language.as_deref()
    }

    /// The words that it looked at documents in, as a document's own `edition` has them.
    pub fn wording<'d>(&self, edition: &'d Edition) -> Wording<'d> {
        Wording {
            edition,
            language: self.language.clone(),
        }
    }
}
