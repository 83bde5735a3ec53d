//! Pages: opaque tokens bound to the query they came from, and pages that end before they grow
//! too large for a default client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use sha2::{Digest, Sha256};

use super::error::PortError;
use crate::model::{Reason, Revision, TenantName};

/// Bytes of a page at most: default clients refuse answers of 4 MiB.
pub const PAGE_BYTES: usize = 3_500_000;

const VERSION: u8 = 1;
/// Of cursors of the feed, which know of erasures.
const CURSOR_VERSION: u8 = 2;
const QUERY_BYTES: usize = 8;

/// A place in the ranking of a revision.
pub type Ranked = ((i64, i64), Revision);

/// What was asked, without the page: tokens of one query do not fit another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query([u8; QUERY_BYTES]);

impl Query {
    /// `request` must have its page size, page token and freshness cleared.
    #[must_use]
    pub fn of(method: &str, tenant: &TenantName, request: &impl Message) -> Self {
        let mut hash = Sha256::new();
        for part in [method.as_bytes(), tenant.as_str().as_bytes(), &request.encode_to_vec()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        Self(std::array::from_fn(|i| digest[i]))
    }

    /// The token of the page that follows a place.
    #[must_use]
    pub fn token(self, after: (i64, i64)) -> String {
        self.written(&[after.0, after.1])
    }

    /// The same in the ranking of a revision.
    #[must_use]
    pub fn token_in(self, after: (i64, i64), ranking: Revision) -> String {
        self.written(&[after.0, after.1, ranking.0])
    }

    /// The place that a token of this query stands for; `None` for the first page.
    ///
    /// # Errors
    /// When the token is malformed or of another query.
    pub fn place(self, token: &str) -> Result<Option<(i64, i64)>, PortError> {
        Ok(self.read(token)?.map(|[first, second]| (first, second)))
    }

    /// The same with the revision of the ranking that it is a place in.
    ///
    /// # Errors
    /// As [`Self::place`].
    pub fn place_in(self, token: &str) -> Result<Option<Ranked>, PortError> {
        Ok(self.read(token)?.map(|[first, second, revision]| ((first, second), Revision(revision))))
    }

    /// A place in the feed: a revision, events of the next one, and the revision of the last erasure.
    #[must_use]
    pub fn cursor(self, revision: Revision, events: i64, erased_at: Revision) -> String {
        self.written_as(CURSOR_VERSION, &[revision.0, events, erased_at.0])
    }

    /// The place that a cursor stands for. One from before there were erasures knows of none.
    ///
    /// # Errors
    /// When it is malformed, empty or of another feed.
    pub fn cursor_place(self, cursor: &str) -> Result<(Revision, i64, Revision), PortError> {
        let [revision, events, erased_at] = match self.read_as(CURSOR_VERSION, cursor) {
            Ok(place) => place.ok_or(PortError::PageTokenMalformed)?,
            Err(error) => {
                let [revision, events] = self.read(cursor)?.ok_or(error)?;
                [revision, events, 0]
            }
        };
        Ok((Revision(revision), events, Revision(erased_at)))
    }

    fn written(self, numbers: &[i64]) -> String {
        self.written_as(VERSION, numbers)
    }

    fn written_as(self, version: u8, numbers: &[i64]) -> String {
        let mut bytes = vec![version];
        bytes.extend(self.0);
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read<const N: usize>(self, token: &str) -> Result<Option<[i64; N]>, PortError> {
        self.read_as(VERSION, token)
    }

    fn read_as<const N: usize>(self, version: u8, token: &str) -> Result<Option<[i64; N]>, PortError> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PortError::PageTokenMalformed)?;
        let (head, numbers) = bytes.split_at_checked(1 + QUERY_BYTES).ok_or(PortError::PageTokenMalformed)?;
        if head[0] != version || numbers.len() != N * 8 {
            return Err(PortError::PageTokenMalformed);
        }
        if head[1..] != self.0 {
            return Err(PortError::PageTokenMismatch);
        }
        Ok(Some(std::array::from_fn(|n| i64::from_le_bytes(std::array::from_fn(|i| numbers[n * 8 + i])))))
    }
}

/// How many entries a page has at most: 0 asks for the default, too many are capped.
///
/// # Errors
/// When it is negative.
pub fn page_size(asked: i32, default: usize, most: usize) -> Result<usize, PortError> {
    match usize::try_from(asked) {
        Ok(0) => Ok(default.min(most)),
        Ok(asked) => Ok(asked.min(most)),
        Err(_) => Err(PortError::field("page_size", Reason::OutOfRange, "must not be negative")),
    }
}

/// Keeps as many entries as fit into a page's bytes, but at least one. Returns whether any were
/// left out.
pub fn fit<T: Message>(entries: &mut Vec<T>) -> bool {
    let mut bytes = 0;
    let fitting = entries.iter().take_while(|entry| {
        bytes += entry.encoded_len() + 6;
        bytes <= PAGE_BYTES
    });
    let kept = fitting.count().max(1);
    let cut = kept < entries.len();
    entries.truncate(kept);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::proto;

    fn query(method: &str, tenant: &str, channel: &str) -> Query {
        let request =
            proto::ListTouchpointsRequest { channels: vec![channel.to_owned()], ..Default::default() };
        Query::of(method, &TenantName::parse(tenant).unwrap(), &request)
    }

    #[test]
    fn a_cursor_says_which_erasures_it_knows_and_an_older_one_knows_none() {
        let name = TenantName::parse("acme").unwrap();
        let request = proto::WatchIdentitiesRequest::default();
        let query = Query::of("WatchIdentities", &name, &request);
        let cursor = query.cursor(Revision(7), 3, Revision(5));
        assert_eq!(query.cursor_place(&cursor).unwrap(), (Revision(7), 3, Revision(5)));
        assert_eq!(query.cursor_place(&query.token((7, 3))).unwrap(), (Revision(7), 3, Revision(0)));
        assert!(query.cursor_place("").is_err());
        let theirs = Query::of("WatchIdentities", &TenantName::parse("other").unwrap(), &request);
        assert!(theirs.cursor_place(&cursor).is_err());
        assert!(query.place(&cursor).is_err(), "it is no token of a page");
    }

    #[test]
    fn a_token_leads_back_to_its_place_in_its_own_query_only() {
        let ours = query("List", "acme", "web");
        for place in [(0, 0), (-5, 7), (i64::MIN, i64::MAX)] {
            let token = ours.token(place);
            assert_eq!(ours.place(&token).unwrap(), Some(place));
            let ranked = ours.token_in(place, Revision(9));
            assert_eq!(ours.place_in(&ranked).unwrap(), Some((place, Revision(9))));
            assert!(matches!(ours.place(&ranked), Err(PortError::PageTokenMalformed)));
            for other in
                [query("Other", "acme", "web"), query("List", "zeta", "web"), query("List", "acme", "app")]
            {
                assert!(matches!(other.place(&token), Err(PortError::PageTokenMismatch)));
            }
        }
        assert_eq!(ours.place("").unwrap(), None);
        for wrong in ["2", "not base64!", "AAAA", &"A".repeat(10_000)] {
            assert!(matches!(ours.place(wrong), Err(PortError::PageTokenMalformed)), "{wrong}");
        }
    }

    #[test]
    fn sizes_default_and_are_capped() {
        assert_eq!(page_size(0, 100, 1_000).unwrap(), 100);
        assert_eq!(page_size(7, 100, 1_000).unwrap(), 7);
        assert_eq!(page_size(i32::MAX, 100, 1_000).unwrap(), 1_000);
        assert!(page_size(-1, 100, 1_000).is_err());
    }

    #[test]
    fn a_page_ends_before_it_grows_too_large_but_is_never_empty() {
        let entry = |bytes: usize| proto::TouchpointKey {
            source: "x".repeat(bytes),
            source_id: String::new(),
            version: None,
        };
        let mut entries = vec![entry(1_500_000), entry(1_500_000), entry(1_500_000)];
        assert!(fit(&mut entries));
        assert_eq!(entries.len(), 2);
        assert!(!fit(&mut entries));
        let mut one = vec![entry(5_000_000)];
        assert!(!fit(&mut one));
        assert_eq!(one.len(), 1);
    }
}
